// A client of server.py on JSON lines, in Node. The environment's BEHAVIOUR says what is wrong with it.
'use strict';
const net = require('net');
const readline = require('readline');

const behaviour = process.env.BEHAVIOUR || 'well';
let connection;
let open;

function answer(id, type, more) {
  console.log(JSON.stringify({ id, type, ...more }));
}

function connect({ host, port }) {
  connection = net.connect(port, host);
  connection.on('error', (error) => open && answer(open.id, 'info', { error: String(error) }));
  readline.createInterface({ input: connection }).on('line', (line) => {
    answer(open.id, 'ok', open.f === 'read' ? { value: JSON.parse(line) } : {});
  });
}

readline.createInterface({ input: process.stdin }).on('line', (line) => {
  const { hello, invoke } = JSON.parse(line);
  if (hello) {
    connect(hello.node);
    return;
  }
  if (behaviour === 'repeats' && open) answer(open.id, 'ok', { value: 4711 });
  open = invoke;
  if (behaviour === 'stuck') return;
  if (invoke.f === 'read' && behaviour === 'silent') {
    answer(invoke.id, 'ok', {});
    return;
  }
  if (invoke.f === 'write') {
    if (behaviour === 'denies') answer(invoke.id, 'ok', { value: false });
    if (behaviour === 'garbage') console.log('about to write');
    if (behaviour === 'stranger') answer(4711, 'ok', {});
    if (behaviour === 'endless') process.stdout.write('x'.repeat(1 << 25));
    if (behaviour === 'hangs' && invoke.value % 5 === 0) return;
    if (behaviour === 'dies') {
      console.error('about to die');
      process.exit(9);
    }
  }
  connection.write(`${JSON.stringify([invoke.f, invoke.value])}\n`);
});
