// kvd: a small replicated key-value server over HTTP.
//
//   node kvd.js --port 8000 --host 10.77.0.2 --nodes 10.77.0.1:8000,10.77.0.2:8000,10.77.0.3:8000 --data DIR
//
//   GET /KEY                             {"value": 3}    null for a key that was never written
//   PUT /KEY   {"value": 3}              {"value": 3}
//   POST /KEY  {"old": 3, "new": 4}      {"value": 4}, or 409 if the key holds something other than old
//
// The first node is the primary. It puts every change into its log, has one other node store it too, and then answers.
// The others pass requests on to it. 503 says that nothing has happened, 504 that nobody knows.
//
// With CAS=lost-update in the environment, a node that is not the primary carries a compare-and-set out by itself: it
// reads, compares, and writes. Between the read and the write, another client's update may come, and it is lost.

'use strict';
const fs = require('fs');
const http = require('http');
const path = require('path');
const { parseArgs } = require('util');

const text = { type: 'string' };
const { values: options } = parseArgs({ options: { host: text, port: text, nodes: text, data: text } });
const nodes = options.nodes.split(',');
const self = `${options.host}:${options.port}`;
const [primary, ...backups] = nodes;
const lostUpdate = process.env.CAS === 'lost-update';

// The log: a line for each change. It is read at the start; a line that was cut off by a crash is left out.

const file = path.join(options.data, 'log');
const state = new Map();
let kept = '';
if (fs.existsSync(file)) {
  kept = fs.readFileSync(file, 'utf8').replace(/[^\n]*$/, '');
  for (const line of kept.split('\n').filter(Boolean)) {
    const { key, value } = JSON.parse(line);
    state.set(key, value);
  }
}
fs.writeFileSync(file, kept);
const log = fs.openSync(file, 'a');

function store(key, value) {
  fs.writeSync(log, JSON.stringify({ key, value }) + '\n');
  fs.fsyncSync(log);
  state.set(key, value);
}

// Asking another node. Only a connection that was refused says for certain that nothing has happened.

function ask(node, method, url, body, timeout = 300) {
  return new Promise((resolve) => {
    const [host, port] = node.split(':');
    const failed = (error) => resolve({ status: error.code === 'ECONNREFUSED' ? 503 : 504, body: { error: `${error}` } });
    const request = http.request({ host, port, method, path: url, agent: false, timeout }, (response) => {
      let data = '';
      response.on('data', (chunk) => { data += chunk; });
      response.on('error', failed);
      response.on('end', () => resolve({ status: response.statusCode, body: JSON.parse(data || 'null') }));
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${node}`)));
    request.on('error', failed);
    request.end(body === null ? undefined : JSON.stringify(body));
  });
}

// What the primary does. Nothing is awaited between a look at the state and the change of it.

const ok = (value) => ({ status: 200, body: { value } });

async function change(key, value) {
  store(key, value);
  const copies = backups.map((node) => ask(node, 'PUT', `/copy/${key}`, { value }).then((answer) => {
    if (answer.status !== 200) throw new Error(answer.body.error);
  }));
  try {
    await Promise.any(copies);
    return ok(value);
  } catch {
    return { status: 504, body: { error: 'no backup has answered' } };
  }
}

function serve(method, key, body) {
  const value = state.has(key) ? state.get(key) : null;
  if (method === 'GET') return ok(value);
  if (method === 'PUT') return change(key, body.value);
  if (value !== body.old) return { status: 409, body: { error: `it holds ${value}` } };
  return change(key, body.new);
}

// What the others do.

async function passOn(method, url, body) {
  if (method !== 'POST' || !lostUpdate) return ask(primary, method, url, body);
  const found = await ask(primary, 'GET', url);
  if (found.status !== 200) return found;
  if (found.body.value !== body.old) return { status: 409, body: { error: `it holds ${found.body.value}` } };
  return ask(primary, 'PUT', url, { value: body.new });
}

async function handle(method, url, body) {
  if (url.startsWith('/copy/')) {
    store(url.slice('/copy/'.length), body.value);
    return ok(body.value);
  }
  return self === primary ? serve(method, url.slice(1), body) : passOn(method, url, body);
}

const server = http.createServer((request, response) => {
  let data = '';
  request.on('data', (chunk) => { data += chunk; });
  request.on('end', async () => {
    const { status, body } = await handle(request.method, request.url, JSON.parse(data || 'null'));
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(body));
  });
});
server.keepAliveTimeout = 0;
server.listen(Number(options.port), options.host, () => console.log(`listening on ${self}`));
