/**
 * Reads that many ask for at the same time. One at a time runs for each question; whoever asks meanwhile gets the next one, which
 * begins after they asked. So an answer is never older than its question, and load grows with time and not with askers.
 */
export class CoalescedReads<T> {
  readonly #reads = new Map<string, Read<T>>();

  get(question: string, read: () => Promise<T>): Promise<T> {
    const running = this.#reads.get(question);
    if (running === undefined) return this.#start(question, read);
    running.next ??= running.done.then(() => this.#start(question, read));
    return running.next;
  }

  #start(question: string, read: () => Promise<T>): Promise<T> {
    const answer = read();
    const entry: Read<T> = { done: settled(answer), next: undefined };
    this.#reads.set(question, entry);
    // What was asked meanwhile has taken the entry's place by then.
    void entry.done.then(() => {
      if (this.#reads.get(question) === entry && entry.next === undefined)
        this.#reads.delete(question);
    });
    return answer;
  }
}

interface Read<T> {
  readonly done: Promise<void>;
  next: Promise<T> | undefined;
}

function settled(promise: Promise<unknown>): Promise<void> {
  return promise.then(
    () => undefined,
    () => undefined,
  );
}
