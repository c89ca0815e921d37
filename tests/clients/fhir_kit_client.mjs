// fhir-kit-client against a running server. usage: node fhir_kit_client.mjs BASE
import assert from 'node:assert/strict';
import { Client } from 'fhir-kit-client';

const client = new Client({ baseUrl: process.argv[2] });
const family = `kit-${process.pid}`;

/** The status and outcome of what has to be refused. */
async function refused(promise) {
  try {
    await promise;
  } catch (error) {
    const outcome = error.response?.data;
    assert.equal(outcome?.resourceType, 'OperationOutcome', `${error}`);
    return error.response.status;
  }
  return assert.fail('nothing was refused');
}

async function interactions() {
  const statement = await client.capabilityStatement();
  assert.equal(statement.fhirVersion, '4.0.1');
  const made = await client.create({
    resourceType: 'Patient',
    body: { resourceType: 'Patient', name: [{ family, given: ['Zoë'] }] },
  });
  const { response } = Client.httpFor(made);
  assert.equal(response.status, 201);
  assert.equal(response.headers.get('etag'), 'W/"1"');
  assert.deepEqual(await client.read({ resourceType: 'Patient', id: made.id }), made);

  const changed = await client.update({
    resourceType: 'Patient',
    id: made.id,
    body: { ...made, active: true },
    options: { headers: { 'If-Match': 'W/"1"' } },
  });
  assert.equal(changed.meta.versionId, '2');
  const late = client.update({
    resourceType: 'Patient',
    id: made.id,
    body: made,
    options: { headers: { 'If-Match': 'W/"1"' } },
  });
  assert.equal(await refused(late), 412);

  const patched = await client.patch({
    resourceType: 'Patient',
    id: made.id,
    jsonPatch: [{ op: 'replace', path: '/active', value: false }],
  });
  assert.equal(patched.active, false);
  const first = await client.vread({ resourceType: 'Patient', id: made.id, version: '1' });
  assert.deepEqual(first, made);

  const history = await client.history({ resourceType: 'Patient', id: made.id });
  assert.deepEqual(
    history.entry.map((entry) => entry.resource.meta.versionId),
    ['3', '2', '1'],
  );
  assert.ok((await client.history({ resourceType: 'Patient' })).entry.length >= 3);
  assert.ok((await client.history()).entry.length >= 3);

  await client.delete({ resourceType: 'Patient', id: made.id });
  assert.equal(await refused(client.read({ resourceType: 'Patient', id: made.id })), 410);
  assert.equal(await refused(client.read({ resourceType: 'Patient', id: 'nobody' })), 404);
  const faulty = client.create({
    resourceType: 'Patient',
    body: { resourceType: 'Patient', birthDate: 'soon' },
  });
  assert.ok([400, 422].includes(await refused(faulty)));
}

async function conditions() {
  const body = { resourceType: 'Organization', identifier: [{ system: 'urn:kit', value: family }], name: 'A' };
  const criteria = { identifier: `urn:kit|${family}` };
  const create = () =>
    client.create({
      resourceType: 'Organization',
      body,
      options: { headers: { 'If-None-Exist': `identifier=urn:kit|${family}` } },
    });
  const made = await create();
  const again = await create();
  assert.equal(again.id, made.id);
  assert.equal(Client.httpFor(again).response.status, 200);
  const renamed = await client.update({
    resourceType: 'Organization',
    searchParams: criteria,
    body: { ...body, name: 'B' },
  });
  assert.deepEqual([renamed.id, renamed.name, renamed.meta.versionId], [made.id, 'B', '2']);
  const found = await client.search({ resourceType: 'Organization', searchParams: criteria });
  assert.equal(found.total, 1);
}

async function bundles() {
  const entries = [];
  for (let i = 0; i < 7; i += 1) {
    entries.push({
      fullUrl: `urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a000${i}`,
      resource: {
        resourceType: 'Basic',
        code: { coding: [{ system: 'urn:kit', code: family }] },
        ...(i > 0 && { subject: { reference: 'urn:uuid:6a1d4bd6-5b8e-4b0f-9d55-1c3a7a5a0000' } }),
      },
      request: { method: 'POST', url: 'Basic' },
    });
  }
  const answer = await client.transaction({
    body: { resourceType: 'Bundle', type: 'transaction', entry: entries },
  });
  assert.equal(answer.type, 'transaction-response');
  assert.ok(answer.entry.every((entry) => entry.response.status.startsWith('201')));

  const mixed = await client.batch({
    body: {
      resourceType: 'Bundle',
      type: 'batch',
      entry: [
        { request: { method: 'GET', url: `Basic?code=urn:kit|${family}&_count=1` } },
        { request: { method: 'GET', url: 'Basic/nobody' } },
      ],
    },
  });
  assert.equal(mixed.entry[0].resource.total, 7);
  assert.ok(mixed.entry[1].response.status.startsWith('404'));

  // By pages, forward; each match once.
  let page = await client.search({
    resourceType: 'Basic',
    searchParams: { code: `urn:kit|${family}`, _count: 3 },
  });
  assert.equal(page.total, 7);
  const ids = [];
  while (page) {
    ids.push(...page.entry.map((entry) => entry.resource.id));
    page = await client.nextPage({ bundle: page });
  }
  assert.equal(new Set(ids).size, 7);
  assert.equal(ids.length, 7);

  const posted = await client.search({
    resourceType: 'Basic',
    searchParams: { code: `urn:kit|${family}` },
    options: { postSearch: true },
  });
  assert.equal(posted.total, 7);
  const target = answer.entry[0].response.location.match(/Basic\/([^/]+)/)[1];
  const resolved = await client.resolve({ reference: `Basic/${target}` });
  assert.equal(resolved.id, target);
}

async function operations() {
  const body = { resourceType: 'Patient', name: [{ family }] };
  const outcome = await client.operation({ name: '$validate', resourceType: 'Patient', input: body });
  assert.equal(outcome.resourceType, 'OperationOutcome');
  const { id } = await client.create({ resourceType: 'Patient', body });
  const observation = { resourceType: 'Observation', status: 'final', code: { text: 'x' }, subject: { reference: `Patient/${id}` } };
  await client.create({ resourceType: 'Observation', body: observation });
  const compartment = await client.search({
    resourceType: 'Observation',
    compartment: { resourceType: 'Patient', id },
  });
  assert.equal(compartment.total, 1);
  const summary = await client.operation({ name: '$summary', resourceType: 'Patient', id, method: 'GET' });
  assert.equal(summary.type, 'document');
  assert.equal(summary.entry[0].resource.resourceType, 'Composition');
}

for (const part of [interactions, conditions, bundles, operations]) await part();
console.log('fhir-kit-client: passed');
