import type { RequestState, RequestStore } from '../requests.ts';
import type { Database, Statement } from './database.ts';

const BEGIN: Statement = {
  name: 'begin-request',
  text: 'SELECT kind, answer FROM begin_request($1, $2)',
};

const FINISH: Statement = {
  name: 'finish-request',
  text: 'UPDATE api_requests SET answer = $2 WHERE name = $1',
};

const FORGET: Statement = {
  name: 'forget-request',
  text: 'DELETE FROM api_requests WHERE name = $1',
};

export class PgRequests implements RequestStore {
  readonly #database: Database;

  constructor(database: Database) {
    this.#database = database;
  }

  async begin(name: string, fingerprint: string, signal: AbortSignal): Promise<RequestState> {
    const values = [name, fingerprint];
    const [row] = await this.#database.write<{
      kind: RequestState['kind'];
      answer: string | null;
    }>(BEGIN, values, signal);
    const { kind = 'unknown', answer = null } = row ?? {};
    return kind === 'done' ? { kind, answer: answer ?? '' } : { kind };
  }

  async finish(name: string, answer: string, signal: AbortSignal): Promise<void> {
    await this.#database.write(FINISH, [name, answer], signal);
  }

  async forget(name: string, signal: AbortSignal): Promise<void> {
    await this.#database.write(FORGET, [name], signal);
  }
}
