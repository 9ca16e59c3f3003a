// Redis's answer to INFO. Pure. Field names are those of https://redis.io/commands/info; absent ones (another version, a module) are
// null.

import { numberOf } from './probe.ts'

export interface RedisInfo {
  readonly version: string | null
  /** Another one after every start of the server. */
  readonly runId: string | null
  /** Seconds since it started. */
  readonly uptime: number | null
  readonly role: 'primary' | 'replica' | null
  /** It is still reading its data, and serves nobody. */
  readonly loading: boolean | null
  readonly clients: {
    readonly connected: number | null
    readonly most: number | null
    readonly blocked: number | null
    /** Turned away because of `most`, since the start. */
    readonly rejected: number | null
  }
  /** Bytes. */
  readonly memory: {
    readonly used: number | null
    /** What the operating system has given it. */
    readonly resident: number | null
    /** Most that it may use; 0: without a limit. */
    readonly max: number | null
    /** Used of max; null where there is no limit. */
    readonly ratio: number | null
    readonly policy: string | null
    /** Resident by used: far above 1 is memory that nobody can use. */
    readonly fragmentation: number | null
  }
  /** Counted since the start or CONFIG RESETSTAT. */
  readonly keys: {
    readonly count: number
    readonly evicted: number | null
    readonly expired: number | null
    readonly hits: number | null
    readonly misses: number | null
  }
  readonly commands: { readonly total: number | null; readonly perSecond: number | null }
  readonly persistence: {
    readonly appendOnly: boolean | null
    readonly lastAppendOk: boolean | null
    readonly lastRewriteOk: boolean | null
    readonly lastSaveOk: boolean | null
    readonly changesSinceSave: number | null
  }
  readonly replication: {
    /** Replicas that are connected, seen from a primary. */
    readonly replicas: number | null
    /** Whether the way to the primary stands, seen from a replica. */
    readonly linkUp: boolean | null
    readonly offset: number | null
  }
}

/** `name:value` lines; sections and blank lines are left out. A value may hold colons. */
export function infoFields(text: string): ReadonlyMap<string, string> {
  const fields = new Map<string, string>()
  for (const line of text.split(/\r?\n/)) {
    const colon = line.indexOf(':')
    if (colon > 0 && !line.startsWith('#')) fields.set(line.slice(0, colon), line.slice(colon + 1))
  }
  return fields
}

export function parseInfo(text: string): RedisInfo {
  const fields = infoFields(text)
  const number = (name: string): number | null => numberOf(fields.get(name))
  const equals = (name: string, wanted: string): boolean | null =>
    fields.has(name) ? fields.get(name) === wanted : null
  const used = number('used_memory')
  const max = number('maxmemory')
  const role = fields.get('role')
  return {
    version: fields.get('redis_version') ?? null,
    runId: fields.get('run_id') ?? null,
    uptime: number('uptime_in_seconds'),
    role: role === 'master' ? 'primary' : role === 'slave' ? 'replica' : null,
    loading: equals('loading', '1'),
    clients: {
      connected: number('connected_clients'),
      most: number('maxclients'),
      blocked: number('blocked_clients'),
      rejected: number('rejected_connections'),
    },
    memory: {
      used,
      resident: number('used_memory_rss'),
      max,
      ratio: used === null || max === null || max === 0 ? null : used / max,
      policy: fields.get('maxmemory_policy') ?? null,
      fragmentation: number('mem_fragmentation_ratio'),
    },
    keys: {
      count: keyCount(fields),
      evicted: number('evicted_keys'),
      expired: number('expired_keys'),
      hits: number('keyspace_hits'),
      misses: number('keyspace_misses'),
    },
    commands: {
      total: number('total_commands_processed'),
      perSecond: number('instantaneous_ops_per_sec'),
    },
    persistence: {
      appendOnly: equals('aof_enabled', '1'),
      lastAppendOk: equals('aof_last_write_status', 'ok'),
      lastRewriteOk: equals('aof_last_bgrewrite_status', 'ok'),
      lastSaveOk: equals('rdb_last_bgsave_status', 'ok'),
      changesSinceSave: number('rdb_changes_since_last_save'),
    },
    replication: {
      replicas: number('connected_slaves'),
      linkUp: equals('master_link_status', 'up'),
      offset: number('master_repl_offset'),
    },
  }
}

/** `db0:keys=3,expires=1,…`: a database without keys has no line, so that no line at all is truly none. */
function keyCount(fields: ReadonlyMap<string, string>): number {
  let count = 0
  for (const [name, value] of fields)
    if (/^db\d+$/.test(name)) count += Number(/(?:^|,)keys=(\d+)/.exec(value)?.[1] ?? 0)
  return count
}
