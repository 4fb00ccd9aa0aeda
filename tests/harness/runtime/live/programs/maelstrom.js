// A Maelstrom node that misbehaves: `node maelstrom.js BEHAVIOUR`. Everything is answered by the node that is asked.
//
//   well, exits, silent (never answers init), garbage, wrong (a read without a value, another echo), refuses (error 11 for writes),
//   strange (an error code of its own for writes), late (exits with status 7 at the tenth request), nowhere (sends to n9), proxy (asks the service lin-kv)
'use strict';
const behaviour = process.argv[2];
const data = new Map();
let me, requests = 0;

function serve(body) {
  if (body.type === 'echo') return { type: 'echo_ok', echo: behaviour === 'wrong' ? 'what?' : body.echo };
  requests += 1;
  if (behaviour === 'late' && requests === 10) {
    console.error('the tenth request is too much');
    process.exit(7);
  }
  if (behaviour === 'wrong' && body.type === 'read') return { type: 'read_ok' };
  if (behaviour === 'refuses' && body.type === 'write') return { type: 'error', code: 11 };
  if (behaviour === 'strange' && body.type === 'write') return { type: 'error', code: 1234, text: 'who knows' };
  if (behaviour === 'nowhere') send('n9', { type: 'hello' });
  if (body.type === 'read') return { type: 'read_ok', value: data.has(body.key) ? data.get(body.key) : null };
  if (body.type === 'cas' && !data.has(body.key)) return { type: 'error', code: 20 };
  if (body.type === 'cas' && data.get(body.key) !== body.from) return { type: 'error', code: 22 };
  data.set(body.key, body.type === 'cas' ? body.to : body.value);
  return { type: `${body.type}_ok` };
}

function send(dest, body) {
  console.log(JSON.stringify({ src: me, dest, body }));
}

const waiting = [];

function proxy(src, body) {
  if (body.in_reply_to === undefined) {
    waiting.push([src, body.msg_id]);
    send('lin-kv', { ...body, msg_id: waiting.length - 1 });
  } else {
    const [client, id] = waiting[body.in_reply_to];
    send(client, { ...body, in_reply_to: id });
  }
}

if (behaviour === 'exits') {
  console.error('no configuration');
  process.exit(3);
}
require('readline').createInterface({ input: process.stdin }).on('line', (line) => {
  const { src, body } = JSON.parse(line);
  if (body.type === 'init') {
    me = body.node_id;
    console.error(`I am ${me} of ${body.node_ids}`);
    if (behaviour !== 'silent') send(src, { type: 'init_ok', in_reply_to: body.msg_id });
  } else {
    if (behaviour === 'garbage') console.log('hello');
    if (behaviour === 'proxy') {
      proxy(src, body);
      return;
    }
    send(src, { ...serve(body), in_reply_to: body.msg_id });
  }
});
