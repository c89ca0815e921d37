// Evaluates the cases beside this file with fhirpath.js, compiled once, and prints name and nanoseconds of CPU time.
// usage: node evaluate.mjs FOLDER-WITH-node_modules
import { createRequire } from 'node:module';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const require = createRequire(path.resolve(process.argv[2], 'x.js'));
const fhirpath = require('fhirpath');
const model = require('fhirpath/fhir-context/r4');
const here = path.dirname(new URL(import.meta.url).pathname);
const lines = readFileSync(path.join(here, 'cases.tsv'), 'utf8').split('\n');
const rows = lines.filter((line) => line && !line.startsWith('#')).slice(1);

for (const row of rows) {
  const [name, file, expression] = row.split('\t');
  const resource = JSON.parse(readFileSync(path.join(here, file + '.json'), 'utf8'));
  try {
    const compiled = fhirpath.compile(expression, model);
    const run = () => compiled(resource, { resource });
    for (let i = 0; i < 2000; ++i) run();
    let best = Infinity;
    for (let round = 0; round < 5; ++round) {
      let count = 0;
      const start = process.cpuUsage();
      const end = performance.now() + 100;
      while (performance.now() < end) for (let i = 0; i < 20; ++i, ++count) run();
      const used = process.cpuUsage(start);
      best = Math.min(best, ((used.user + used.system) * 1000) / count);
    }
    console.log(`${name}\t${best.toFixed(0)}`);
  } catch (error) {
    console.log(`${name}\t${String(error.message ?? error).split('\n')[0]}`);
  }
}
