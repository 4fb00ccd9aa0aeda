// A key-value store that speaks Maelstrom's protocol: the first node has the data, the others pass requests on to it.
//
// With READS=local in the environment, every node answers reads from a copy of its own. The copy is late at times.

'use strict';
const readline = require('readline');

const localReads = process.env.READS === 'local';
const data = new Map();
const waiting = new Map(); // our msg_id -> the request of a client that we have passed on
let me, nodes, sent = 0;

function send(dest, body) {
  process.stdout.write(JSON.stringify({ src: me, dest, body }) + '\n');
}

function serve({ type, key, value, from, to }) {
  const old = data.get(key);
  if (type === 'read') {
    return old === undefined ? { type: 'error', code: 20, text: 'no such key' } : { type: 'read_ok', value: old };
  }
  if (type === 'cas' && old === undefined) return { type: 'error', code: 20, text: 'no such key' };
  if (type === 'cas' && old !== from) return { type: 'error', code: 22, text: `it holds ${old}` };
  const now = type === 'cas' ? to : value;
  data.set(key, now);
  for (const node of nodes.slice(1)) send(node, { type: 'copy', key, value: now });
  return { type: `${type}_ok` };
}

function receive({ src, body }) {
  if (body.type === 'init') {
    me = body.node_id;
    nodes = body.node_ids;
    send(src, { type: 'init_ok', in_reply_to: body.msg_id });
  } else if (body.type === 'copy') {
    data.set(body.key, body.value);
  } else if (body.in_reply_to !== undefined) {
    const request = waiting.get(body.in_reply_to);
    waiting.delete(body.in_reply_to);
    if (request) send(request.src, { ...body, in_reply_to: request.body.msg_id });
  } else if (!['read', 'write', 'cas'].includes(body.type)) {
    send(src, { type: 'error', code: 10, text: `what is ${body.type}?`, in_reply_to: body.msg_id });
  } else if (me === nodes[0] || (localReads && body.type === 'read')) {
    send(src, { ...serve(body), in_reply_to: body.msg_id });
  } else {
    sent += 1;
    waiting.set(sent, { src, body });
    send(nodes[0], { ...body, msg_id: sent });
  }
}

readline.createInterface({ input: process.stdin }).on('line', (line) => receive(JSON.parse(line)));
