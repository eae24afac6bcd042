/** What Postgres and the store hold, read past the product: for audits, and to know when a fault was felt. */
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { Database } from '@streamhouse/store/metadata/pg/database.ts';

export interface PartitionFact {
  readonly partition: number;
  readonly epoch: number;
  readonly nextOffset: number;
  /** Undefined when it is held by nobody that lives. */
  readonly agentId: string | undefined;
  readonly incarnation: number | undefined;
}

export interface HolderFact {
  readonly topic: string;
  readonly partition: number;
  readonly epoch: number;
  readonly agentId: string;
  readonly incarnation: number;
}

export interface RunFact {
  readonly partition: number;
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly epoch: number;
  readonly objectKey: string;
  readonly position: number;
  readonly length: number;
}

export interface StoredRunFact extends RunFact {
  readonly topicId: string;
  readonly crc: number;
}

const TOPIC = `(SELECT topic_id FROM topics WHERE name = $1 AND deleted_at IS NULL)`;

export class Facts implements AsyncDisposable {
  readonly #database: Database;
  readonly #signal: AbortSignal;

  constructor(url: string, signal: AbortSignal = new AbortController().signal) {
    this.#signal = signal;
    this.#database = new Database({
      url,
      applicationName: 'test',
      size: 1,
      onError: () => undefined,
    });
  }

  async partitions(topic: string): Promise<readonly PartitionFact[]> {
    const rows = await this.#read<
      Omit<PartitionFact, 'agentId' | 'incarnation'> & {
        agentId: string | null;
        incarnation: number | null;
      }
    >(
      'test-partitions',
      `SELECT p.part AS partition, p.epoch, p.next_offset AS "nextOffset", s.agent_id AS "agentId", s.incarnation
       FROM partitions p
       LEFT JOIN agent_sessions s ON s.incarnation = p.holder_incarnation AND NOT s.fenced
       WHERE p.topic_id = ${TOPIC} ORDER BY p.part`,
      [topic],
    );
    return rows.map((row) => ({
      ...row,
      agentId: row.agentId ?? undefined,
      incarnation: row.incarnation ?? undefined,
    }));
  }

  /** Id of the agent that holds a partition. */
  async holder(topic: string, partition: number): Promise<string | undefined> {
    return (await this.partitions(topic))[partition]?.agentId;
  }

  /** Who holds what of all topics that are there; partitions that are held by nobody that lives are left out. */
  holders(): Promise<readonly HolderFact[]> {
    return this.#read<HolderFact>(
      'test-holders',
      `SELECT t.name AS topic, p.part AS partition, p.epoch, s.agent_id AS "agentId", s.incarnation
       FROM partitions p
       JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
       JOIN agent_sessions s ON s.incarnation = p.holder_incarnation AND NOT s.fenced
       ORDER BY t.name, p.part`,
      [],
    );
  }

  /** Whether that life of an agent can publish nothing any more. */
  async isFenced(incarnation: number): Promise<boolean> {
    const [row] = await this.#read<{ fenced: boolean }>(
      'test-fenced',
      'SELECT fenced FROM agent_sessions WHERE incarnation = $1',
      [String(incarnation)],
    );
    return row?.fenced === true;
  }

  /** How many objects a life of an agent has published. */
  async publishedBy(incarnation: number): Promise<number> {
    const [row] = await this.#read<{ count: number }>(
      'test-published-by',
      'SELECT count(*) FROM objects WHERE incarnation = $1',
      [String(incarnation)],
    );
    return row?.count ?? 0;
  }

  /** The live incarnation of an agent. */
  async incarnation(agentId: string): Promise<number | undefined> {
    const [row] = await this.#read<{ incarnation: number }>(
      'test-incarnation',
      'SELECT incarnation FROM agent_sessions WHERE agent_id = $1 AND NOT fenced',
      [agentId],
    );
    return row?.incarnation;
  }

  runs(topic: string): Promise<readonly RunFact[]> {
    return this.#read<RunFact>(
      'test-runs',
      `SELECT part AS partition, base_offset AS "baseOffset", last_offset AS "lastOffset", epoch,
              object_key AS "objectKey", position, length
       FROM batches WHERE topic_id = ${TOPIC} ORDER BY part, base_offset`,
      [topic],
    );
  }

  /** Published runs of all topics, deleted ones included, by object. */
  storedRuns(): Promise<readonly StoredRunFact[]> {
    return this.#read<StoredRunFact>(
      'test-stored-runs',
      `SELECT topic_id AS "topicId", part AS partition, base_offset AS "baseOffset", last_offset AS "lastOffset",
              epoch, object_key AS "objectKey", position, length, crc
       FROM batches ORDER BY object_key, position`,
      [],
    );
  }

  /** Keys of the objects that some run is in. */
  async referencedKeys(): Promise<ReadonlySet<string>> {
    const rows = await this.#read<{ key: string }>(
      'test-referenced',
      'SELECT object_key AS key FROM objects WHERE refs > 0',
      [],
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** Keys of all objects that were published. */
  async objectKeys(): Promise<ReadonlySet<string>> {
    const rows = await this.#read<{ key: string }>(
      'test-objects',
      'SELECT object_key AS key FROM objects',
      [],
    );
    return new Set(rows.map(({ key }) => key));
  }

  /** Ends the connections of all agents, as an administrator would. Returns how many. */
  async terminateAgentConnections(): Promise<number> {
    const rows = await this.#read<{ pid: number }>(
      'test-terminate',
      `SELECT pid, pg_terminate_backend(pid) FROM pg_stat_activity
       WHERE application_name LIKE 'agent-%' AND pid <> pg_backend_pid()`,
      [],
    );
    return rows.length;
  }

  /**
   * I-03, I-05: what is wrong with the published runs, of all topics: gaps, overlaps, ends that are not the partition's,
   * epochs that fall, objects that do not count their runs, objects that are not in the folder of the store.
   */
  async audit(objectsFolder?: string): Promise<string[]> {
    const findings = await this.#read<{ finding: string }>('test-audit', AUDIT, []);
    const missing: string[] = [];
    for (const key of objectsFolder === undefined ? [] : await this.objectKeys()) {
      const path = join(objectsFolder ?? '', key);
      await access(path).catch(() => missing.push(`missing-object: ${key}`));
    }
    return [...findings.map(({ finding }) => finding), ...missing];
  }

  /**
   * I-24, I-25, I-28: what is wrong with what is kept of consumer groups: partitions of two members or of none that there is,
   * offsets beyond the end of their partition, of a generation that is not there yet, or of a topic that never was.
   */
  async auditGroups(): Promise<string[]> {
    const findings = await this.#read<{ finding: string }>('test-audit-groups', GROUP_AUDIT, []);
    return findings.map(({ finding }) => finding);
  }

  /** Records of all topics that are there which the group has not committed. */
  async groupLag(groupId: string): Promise<number> {
    const [row] = await this.#read<{ lag: number }>(
      'test-group-lag',
      `SELECT coalesce(sum(p.next_offset - coalesce(o.next_offset, 0)), 0)::bigint AS lag
       FROM partitions p JOIN topics t ON t.topic_id = p.topic_id AND t.deleted_at IS NULL
       LEFT JOIN group_offsets o ON o.group_id = $1 AND o.topic_id = p.topic_id AND o.part = p.part`,
      [groupId],
    );
    return row?.lag ?? 0;
  }

  /** The highest generation of all groups. */
  async generation(): Promise<number> {
    const text = 'SELECT coalesce(max(generation), 0) AS generation FROM groups';
    const [row] = await this.#read<{ generation: number }>('test-generation', text, []);
    return row?.generation ?? 0;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#database[Symbol.asyncDispose]();
  }

  async #read<Row extends object>(
    name: string,
    text: string,
    values: readonly string[],
  ): Promise<readonly Row[]> {
    return await this.#database.read<Row>({ name, text }, values, this.#signal);
  }
}

const AUDIT = `
  WITH runs AS (
    SELECT topic_id, part, base_offset, last_offset, epoch,
           lag(last_offset, 1, -1::bigint) OVER w AS last_before, lag(epoch, 1, 0::bigint) OVER w AS epoch_before
    FROM batches WINDOW w AS (PARTITION BY topic_id, part ORDER BY base_offset)
  ), ends AS (
    SELECT p.topic_id, p.part, p.next_offset, coalesce(max(b.last_offset) + 1, 0) AS published
    FROM partitions p LEFT JOIN batches b USING (topic_id, part)
    GROUP BY p.topic_id, p.part
  ), refs AS (
    SELECT o.object_key, o.refs, count(b.part) AS counted
    FROM objects o LEFT JOIN batches b USING (object_key) GROUP BY o.object_key
  )
  SELECT CASE WHEN base_offset > last_before + 1 THEN 'gap' ELSE 'overlap' END
         || ': ' || topic_id || '/' || part || ' at ' || base_offset AS finding
  FROM runs WHERE base_offset <> last_before + 1
  UNION ALL
  SELECT 'falling-epoch: ' || topic_id || '/' || part || ' at ' || base_offset FROM runs WHERE epoch < epoch_before
  UNION ALL
  SELECT 'wrong-end: ' || topic_id || '/' || part || ' ' || next_offset || ' is not ' || published
  FROM ends WHERE next_offset <> published
  UNION ALL
  SELECT 'wrong-refs: ' || object_key FROM refs WHERE refs <> counted`;

const GROUP_AUDIT = `
  WITH owned AS (
    SELECT m.group_id, m.member_id, t.id::uuid AS topic_id, p.part::integer AS part
    FROM group_members m, jsonb_each(m.partitions) t (id, parts), jsonb_array_elements_text(t.parts) p (part)
  )
  SELECT 'two-owners: ' || group_id || ' ' || topic_id || '/' || part AS finding
  FROM owned GROUP BY group_id, topic_id, part HAVING count(*) > 1
  UNION ALL
  SELECT 'no-such-partition: ' || o.group_id || ' ' || o.topic_id || '/' || o.part || ' of ' || o.member_id
  FROM owned o LEFT JOIN partitions p USING (topic_id, part) WHERE p.part IS NULL
  UNION ALL
  SELECT 'offset-ahead: ' || o.group_id || ' ' || o.topic_id || '/' || o.part || ' ' || o.next_offset
  FROM group_offsets o LEFT JOIN partitions p USING (topic_id, part)
  WHERE o.next_offset > p.next_offset OR p.part IS NULL
  UNION ALL
  SELECT 'offset-of-no-generation: ' || o.group_id || ' ' || o.topic_id || '/' || o.part || ' ' || o.generation
  FROM group_offsets o JOIN groups g USING (group_id) WHERE o.generation > g.generation
  UNION ALL
  SELECT 'leader-is-no-member: ' || g.group_id FROM groups g
  WHERE g.leader_id IS NOT NULL AND NOT EXISTS
    (SELECT FROM group_members m WHERE m.group_id = g.group_id AND m.member_id = g.leader_id)`;
