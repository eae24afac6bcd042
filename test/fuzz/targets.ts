/** Everything that is fuzzed. */
import { decoderTarget } from './decoder.ts';
import type { FuzzTarget } from './target.ts';
import { CLIENT_TARGET } from './targets/client.ts';
import { CODEC_DECODERS } from './targets/codecs.ts';
import { INPUT_DECODERS } from './targets/inputs.ts';
import { MESSAGE_DECODERS } from './targets/messages.ts';
import { OBJECT_DECODERS } from './targets/objects.ts';
import { RECORD_DECODERS } from './targets/records.ts';
import { TEXT_DECODERS } from './targets/texts.ts';
import { startHost, wireTargets } from './targets/wire.ts';

/** Functions of this process. */
export const DECODERS: readonly FuzzTarget[] = [
  ...RECORD_DECODERS,
  ...OBJECT_DECODERS,
  ...CODEC_DECODERS,
  ...INPUT_DECODERS,
  ...TEXT_DECODERS,
  ...MESSAGE_DECODERS,
].map(decoderTarget);

export const TARGETS: readonly FuzzTarget[] = [
  ...DECODERS,
  ...wireTargets(startHost),
  CLIENT_TARGET,
];
