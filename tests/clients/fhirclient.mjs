// fhirclient (SMART's) against a running server. usage: node fhirclient.mjs BASE
import assert from 'node:assert/strict';
import FHIR from 'fhirclient';

// The library stands in a web server: what it wants of a request is a host and a place for its state.
const request = { headers: { host: 'localhost' }, url: '/', socket: {}, session: {} };
const client = FHIR(request, {}).client(process.argv[2]);
const family = `smart-${process.pid}`;

async function status(promise) {
  try {
    await promise;
  } catch (error) {
    return error.status ?? error.statusCode;
  }
  return 200;
}

async function interactions() {
  assert.equal(await client.getFhirRelease(), 4);
  const made = await client.create({ resourceType: 'Patient', name: [{ family }], gender: 'female' });
  assert.equal(made.meta.versionId, '1');
  assert.deepEqual(await client.request(`Patient/${made.id}`), made);
  const changed = await client.update({ ...made, gender: 'male' });
  assert.equal(changed.meta.versionId, '2');
  const patched = await client.patch(`Patient/${made.id}`, [
    { op: 'test', path: '/gender', value: 'male' },
    { op: 'add', path: '/active', value: true },
  ]);
  assert.deepEqual([patched.active, patched.meta.versionId], [true, '3']);
  const history = await client.request(`Patient/${made.id}/_history`);
  assert.equal(history.entry.length, 3);
  await client.delete(`Patient/${made.id}`);
  assert.equal(await status(client.request(`Patient/${made.id}`)), 410);
  assert.equal(await status(client.request(`Patient?unknown=1`)), 400);
}

async function conditions() {
  const body = { resourceType: 'Organization', identifier: [{ system: 'urn:smart', value: family }] };
  const create = () =>
    client.create(body, { headers: { 'If-None-Exist': `identifier=urn:smart|${family}` } });
  assert.equal((await create()).id, (await create()).id);
}

async function bundles() {
  const patient = 'urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0000';
  const entry = [
    {
      fullUrl: patient,
      resource: { resourceType: 'Patient', name: [{ family }] },
      request: { method: 'POST', url: 'Patient' },
    },
  ];
  for (let i = 0; i < 8; i += 1) {
    entry.push({
      resource: {
        resourceType: 'Observation',
        status: 'final',
        code: { coding: [{ system: 'urn:smart', code: family }] },
        subject: { reference: patient },
      },
      request: { method: 'POST', url: 'Observation' },
    });
  }
  const answer = await client.request({
    url: '/',
    method: 'POST',
    body: JSON.stringify({ resourceType: 'Bundle', type: 'transaction', entry }),
    headers: { 'Content-Type': 'application/fhir+json' },
  });
  assert.equal(answer.entry.length, 9);

  // All pages, without their bundles, references resolved.
  const found = await client.request(`Observation?code=urn:smart|${family}&_count=3`, {
    pageLimit: 0,
    flat: true,
    resolveReferences: ['subject'],
  });
  assert.equal(found.length, 8);
  assert.ok(found.every((observation) => observation.subject.name[0].family === family));
  assert.equal(new Set(found.map((observation) => observation.id)).size, 8);
}

async function pages() {
  const plain = new FHIR.FhirClient(process.argv[2]);
  const sizes = [];
  for await (const page of plain.pages(`Observation?code=urn:smart|${family}&_count=3`)) {
    sizes.push(page.entry.length);
  }
  assert.deepEqual(sizes, [3, 3, 2]);
  let count = 0;
  for await (const resource of plain.resources(`Observation?code=urn:smart|${family}&_count=5`)) {
    assert.equal(resource.resourceType, 'Observation');
    count += 1;
  }
  assert.equal(count, 8);
}

async function operations() {
  const { id } = await client.create({ resourceType: 'Patient', name: [{ family }] });
  const references = await client.request(`DocumentReference/$docref?patient=${id}`);
  const url = references.entry[0].resource.content[0].attachment.url;
  assert.equal((await client.request(url)).type, 'document');
  const graph = await client.request({
    url: '$graphql',
    method: 'POST',
    body: JSON.stringify({ query: `{ Patient(id: "${id}") { name { family } } }` }),
    headers: { 'Content-Type': 'application/json' },
  });
  assert.deepEqual(graph, { data: { Patient: { name: [{ family }] } } });
}

for (const part of [interactions, conditions, bundles, pages, operations]) await part();
console.log('fhirclient: passed');
