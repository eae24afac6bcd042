// `helm test`: waits until the topic is there, sends one record and reads it back.
import { spawnSync } from 'node:child_process';

// oxlint-disable-next-line node/no-process-env -- a program of its own
const TOPIC = process.env.TOPIC;
const TRY_MS = 1_000;
const TRIES = 60;

function streamhouse(args, input) {
  const main = '/app/main.mjs';
  return spawnSync(process.execPath, [main, 'streamhouse', ...args], { input, encoding: 'utf8' });
}

function until(args, input) {
  for (let left = TRIES; ; left -= 1) {
    const { status, stdout, stderr } = streamhouse(args, input);
    if (status === 0) return stdout;
    if (left === 1) throw new Error(`streamhouse ${args.join(' ')}: ${stderr}`);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, TRY_MS);
  }
}

const value = `helm test ${new Date().toISOString()}`;
until(['topics', 'describe', TOPIC]);
until(['produce', TOPIC], `${value}\n`);
const records = until(['consume', TOPIC, '--from', 'earliest']);
if (!records.includes(value)) throw new Error(`the record is not there; read: ${records}`);
console.log(`wrote and read a record of ${TOPIC}`);
