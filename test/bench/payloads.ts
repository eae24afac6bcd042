/** Records as applications write them: JSON with fields that vary, of an exact size, made before anything is measured. */

/** Bytes of all payloads of a pool: far more than the window of a compressor, so that no batch meets a record twice. */
const POOL_BYTES = 4_194_304;
const CITIES = ['Lisbon', 'Osaka', 'Quito', 'Tallinn', 'Nairobi', 'Porto', 'Leeds', 'Hanoi'];
const KINDS = ['view', 'click', 'cart', 'order', 'refund', 'login'];
const WORDS = ['blue', 'small', 'cotton', 'steel', 'classic', 'light', 'garden', 'kitchen', 'pro'];

/** Different payloads of exactly `bytes` bytes each; the same seed makes the same ones. At least 60 bytes. */
export function payloadPool(bytes: number, seed: number): Uint8Array[] {
  const random = randomNumbers(seed);
  const count = Math.ceil(POOL_BYTES / bytes);
  return Array.from({ length: count }, (_, index) => payload(bytes, index, random));
}

function payload(bytes: number, index: number, random: () => number): Uint8Array {
  const below = (bound: number): number => Math.floor(random() * bound);
  const pick = (words: readonly string[]): string => words[below(words.length)] ?? '';
  const head = `{"id":${1_000_000 + index * 7 + below(7)},"user":${below(1e6)},"kind":"${pick(KINDS)}"`;
  const fields = [head, `"at":${1_760_000_000_000 + below(1e9)}`, `"city":"${pick(CITIES)}"`];
  const length = (): number => fields.reduce((sum, field) => sum + field.length + 1, 0);
  while (length() + 90 < bytes) {
    const item = `{"sku":"${below(1e9).toString(36)}","name":"${pick(WORDS)} ${pick(WORDS)}","price":${below(1e5) / 100}}`;
    fields.push(`"item${fields.length}":${item}`);
  }
  const text = `${fields.join(',')},"t":"`;
  const tail = Math.max(0, bytes - text.length - 2);
  let token = '';
  while (token.length < tail) token += below(2 ** 31).toString(36);
  return Buffer.from(`${text.slice(0, bytes - 2)}${token.slice(0, tail)}"}`);
}

/** Numbers in [0, 1): a linear congruential generator with the constants of Numerical Recipes. */
function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
