// How a cluster lies, as one of its nodes says it (CLUSTER SHARDS). Pure.

import { type Node, textOf } from './address.ts'
import type { Reply } from './redis.ts'
import { SLOTS } from './slots.ts'

export interface Topology {
  /** Those that own slots, by `host:port`. */
  readonly primaries: ReadonlyMap<string, Node>
  /** Owner of each slot; null: nobody owns it. */
  readonly owners: (string | null)[]
}

/** `asked`: who said so; some do not know their own address. */
export function topologyOf(shards: Reply, asked: Node, tls: boolean): Topology {
  const primaries = new Map<string, Node>()
  const owners: (string | null)[] = new Array(SLOTS).fill(null)
  for (const shard of listOf(shards)) {
    const { slots, nodes } = fieldsOf(shard)
    const ranges = listOf(slots).map(Number)
    const primary = ranges.length === 0 ? undefined : listOf(nodes).map(fieldsOf).find(isPrimary)
    if (primary === undefined) continue
    const node = nodeOf(primary, asked, tls)
    const name = textOf(node)
    primaries.set(name, node)
    for (let at = 0; at + 1 < ranges.length; at += 2) owners.fill(name, ranges[at]!, ranges[at + 1]! + 1)
  }
  return { primaries, owners }
}

/** `127.0.0.1:7000` of `MOVED 3999 127.0.0.1:7000` or `ASK …`; of `:7000` the host is who said so. Null: neither. */
export function redirectOf(
  message: string,
  asked: Node,
): { kind: 'MOVED' | 'ASK'; slot: number; node: Node } | null {
  const [, kind, slot, host, port] = /^(MOVED|ASK) (\d+) (.*):(\d+)$/.exec(message) ?? []
  if (kind === undefined) return null
  const node = { host: host === '' ? asked.host : host!, port: Number(port) }
  return { kind: kind as 'MOVED' | 'ASK', slot: Number(slot), node }
}

type Fields = Readonly<Record<string, Reply>>

function isPrimary({ role }: Fields): boolean {
  return role === 'master'
}

function nodeOf(fields: Fields, asked: Node, tls: boolean): Node {
  const said = [fields.endpoint, fields.ip].find(
    host => host !== undefined && host !== null && host !== '' && host !== '?',
  )
  const port = Number((tls ? fields['tls-port'] : undefined) ?? fields.port)
  return { host: said === undefined ? asked.host : String(said), port }
}

function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : []
}

/** `[name, value, name, value]` as Redis lists fields. */
function fieldsOf(reply: Reply): Fields {
  const list = listOf(reply)
  const fields: Record<string, Reply> = {}
  for (let at = 0; at + 1 < list.length; at += 2) fields[String(list[at])] = list[at + 1]!
  return fields
}
