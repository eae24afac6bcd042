import type { ServerDuplexStream } from '@grpc/grpc-js';
import type { HeartbeatRequest__Output } from '@streamhouse/api/gen/streamhouse/v1/HeartbeatRequest.ts';
import {
  type HeartbeatResponse,
  _streamhouse_v1_HeartbeatResponse_State as State,
} from '@streamhouse/api/gen/streamhouse/v1/HeartbeatResponse.ts';
import type { GroupActor, MemberListener } from '../group/group-actor.ts';
import { checkDecoded, failStream, type ServiceContext, servingLife } from './call.ts';
import { checkMember } from './group-requests.ts';
import { invalidField } from './validate.ts';

type StreamCall = ServerDuplexStream<HeartbeatRequest__Output, HeartbeatResponse>;

/** Keeps one member alive while its heartbeats come, and passes on what its group tells it. */
export function runHeartbeats(context: ServiceContext, call: StreamCall): void {
  const stream = new HeartbeatStream(context, call);
  // Not an iterator: a thousand members that are idle make a third of a thousand messages a second, for ever.
  call.on('data', (request: HeartbeatRequest__Output) => stream.read(request));
  call.on('end', () => stream.finish());
  call.on('cancelled', () => stream.close());
  call.on('error', () => stream.close());
}

class HeartbeatStream implements MemberListener {
  readonly #context: ServiceContext;
  readonly #call: StreamCall;
  #member: { readonly groupId: string; readonly memberId: string } | undefined;
  #group: GroupActor | undefined;
  #stopListening: (() => void) | undefined;
  #isOver = false;
  #isWritable = true;
  /** What could not be written, because the member does not read. Only the newest counts (I-41). */
  #unsent: HeartbeatResponse | undefined;

  constructor(context: ServiceContext, call: StreamCall) {
    this.#context = context;
    this.#call = call;
    call.on('drain', () => {
      this.#isWritable = true;
      if (this.#unsent !== undefined) this.#write(this.#unsent);
    });
  }

  read(request: HeartbeatRequest__Output): void {
    if (this.#isOver) return;
    try {
      checkDecoded(request);
      this.#checkMember(request);
      const { groups } = servingLife(this.#context);
      const { groupId } = request;
      const group = groups.loaded(groupId);
      if (group !== undefined) return this.#beat(group, request);
      this.#call.pause();
      groups
        .with(groupId, (loaded) => this.#beat(loaded, request))
        .then(
          () => this.#call.resume(),
          (error: unknown) => this.#fail(error),
        );
    } catch (error) {
      this.#fail(error);
    }
  }

  tell(news: 'stable' | 'rebalancing', generation: number): void {
    const state = news === 'stable' ? State.STATE_STABLE : State.STATE_REBALANCING;
    this.#write({ state, generation });
  }

  end(error: unknown): void {
    this.#fail(error);
  }

  /** The member sends no more. That does not end its membership. */
  finish(): void {
    if (this.#isOver) return;
    this.close();
    this.#call.end();
  }

  close(): void {
    this.#isOver = true;
    this.#stopListening?.();
  }

  #checkMember(request: HeartbeatRequest__Output): void {
    const { groupId, memberId } = request;
    if (this.#member === undefined) {
      checkMember(request);
      this.#member = { groupId, memberId };
    }
    if (this.#member.groupId !== groupId) throw invalidField('group_id', 'differs from the first');
    if (this.#member.memberId !== memberId)
      throw invalidField('member_id', 'differs from the first');
  }

  #beat(group: GroupActor, { memberId, generation }: HeartbeatRequest__Output): void {
    if (this.#isOver) return;
    if (group !== this.#group) {
      this.#stopListening?.();
      this.#stopListening = group.listen(memberId, this);
      this.#group = group;
    }
    group.beat(memberId, generation);
  }

  #write(response: HeartbeatResponse): void {
    if (this.#isOver) return;
    this.#unsent = this.#isWritable ? undefined : response;
    if (this.#isWritable) this.#isWritable = this.#call.write(response);
  }

  #fail(error: unknown): void {
    if (this.#isOver) return;
    this.close();
    failStream(this.#call, error, this.#context.log);
  }
}
