/** Which topic an event means that may have only its name: names are given again, identities are not (I-28). */
import type { Life } from './facts.ts';

/** The lives of one name. */
interface Name {
  readonly topic: string;
  readonly all: Life[];
  readonly byId: Map<string, Life>;
  readonly living: Set<Life>;
  /** In the order in which they went. */
  readonly gone: Life[];
}

export class Topics {
  readonly #names = new Map<string, Name>();

  /** The topic of that identity. One that has the name, and whose identity nobody told so far, is taken to be it. */
  identified(topic: string, topicId: string): Life {
    const name = this.#name(topic);
    const known = name.byId.get(topicId);
    if (known !== undefined) return known;
    let life: Life | undefined;
    for (const living of name.living) {
      if (living.topicId === undefined) life ??= living;
    }
    life ??= begin(name);
    identify(name, life, topicId);
    return life;
  }

  /** Every topic of that name that may have been there at some time since an operation was invoked: at least one. */
  livingSince(topic: string, invokedAt: number): readonly Life[] {
    const name = this.#name(topic);
    const lives = [...name.living];
    for (let index = name.gone.length - 1; index >= 0; index--) {
      const life = name.gone[index];
      if (life === undefined || life.goneAt <= invokedAt) break;
      lives.push(life);
    }
    return lives.length > 0 ? lives : [begin(name)];
  }

  /** Every topic that ever had the name. */
  named(topic: string): readonly Life[] {
    return this.#name(topic).all;
  }

  /** From here on the topic may be there. */
  beginCreation(topic: string): Life {
    return begin(this.#name(topic));
  }

  /** It is there, hence no other of its name is. */
  endCreation(begun: Life, topicId: string | undefined, at: number): void {
    const name = this.#name(begun.topic);
    const told = topicId === undefined ? begun : (name.byId.get(topicId) ?? begun);
    if (told === begun && topicId !== undefined && begun.topicId === undefined)
      identify(name, begun, topicId);
    for (const life of name.living) {
      if (life !== told) end(name, life, at);
    }
  }

  /** It never came to be; unless others saw it, as when it was there before. */
  cancelCreation(begun: Life): void {
    const { all, living } = this.#name(begun.topic);
    if (begun.topicId !== undefined || begun.logs.size > 0) return;
    living.delete(begun);
    all.splice(all.indexOf(begun), 1);
  }

  endDeletion(topic: string, topicId: string | undefined, invokedAt: number, at: number): void {
    const [life, other] =
      topicId === undefined
        ? this.livingSince(topic, invokedAt)
        : [this.identified(topic, topicId)];
    // Of several nobody knows which one it was.
    if (life !== undefined && other === undefined) end(this.#name(topic), life, at);
  }

  #name(topic: string): Name {
    let name = this.#names.get(topic);
    if (name === undefined) {
      name = { topic, all: [], byId: new Map(), living: new Set(), gone: [] };
      this.#names.set(topic, name);
    }
    return name;
  }
}

function begin({ topic, all, living }: Name): Life {
  const life: Life = {
    topic,
    topicId: undefined,
    goneAt: Infinity,
    logs: new Map(),
    namesakes: all,
  };
  all.push(life);
  living.add(life);
  return life;
}

function identify({ byId }: Name, life: Life, topicId: string): void {
  life.topicId = topicId;
  byId.set(topicId, life);
}

function end({ living, gone }: Name, life: Life, at: number): void {
  if (!living.delete(life)) return;
  life.goneAt = at;
  gone.push(life);
}
