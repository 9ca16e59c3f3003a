// Which slot of a cluster a key lies in, and where the keys of a command stand. Pure.

/** Slots of every cluster. */
export const SLOTS = 16_384

/** Of Redis's CRC16 (XMODEM: polynomial 0x1021, from 0), byte by byte. */
const TABLE = Uint16Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 8
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x8000 ? 0x1021 : 0)
  return crc
})

/** By the tag in braces where there is one, so that keys of one tag lie together. */
export function slotOf(key: string): number {
  const open = key.indexOf('{')
  const close = open < 0 ? -1 : key.indexOf('}', open + 1)
  const hashed = close > open + 1 ? key.slice(open + 1, close) : key
  let crc = 0
  for (const byte of Buffer.from(hashed)) crc = ((crc << 8) ^ TABLE[((crc >> 8) ^ byte) & 0xff]!) & 0xffff
  return crc % SLOTS
}

/** Slot → places of its keys in `keys`, in their order. */
export function groupBySlot(keys: readonly string[]): Map<number, number[]> {
  const groups = new Map<number, number[]>()
  for (const [at, key] of keys.entries()) {
    const slot = slotOf(key)
    const group = groups.get(slot)
    if (group === undefined) groups.set(slot, [at])
    else group.push(at)
  }
  return groups
}

/** All their arguments are keys, and each key could as well be asked for alone. */
const MANY = new Set(['MGET', 'DEL', 'UNLINK', 'EXISTS', 'TOUCH'])
/** They are about a server. */
const NO_KEY = new Set(
  'PING INFO DBSIZE SCAN CONFIG CLIENT CLUSTER PUBLISH PUBSUB ROLE TIME SCRIPT'.split(' '),
)

/**
 * - a text: the key that says where the command belongs; the others, if any, lie with it
 * - `each`: any number of keys, which may lie anywhere
 * - `none`: it belongs to no slot
 */
export type Belongs = { readonly key: string } | 'each' | 'none'

export function belongs([name, ...args]: readonly (string | number)[]): Belongs {
  const command = String(name).toUpperCase()
  if (MANY.has(command)) return args.length === 1 ? { key: String(args[0]) } : 'each'
  if (NO_KEY.has(command) || args.length === 0) return 'none'
  // EVAL script, number of keys, keys.
  if (command === 'EVAL' || command === 'EVALSHA')
    return Number(args[1]) === 0 ? 'none' : { key: String(args[2]) }
  if (command === 'MEMORY' || command === 'OBJECT') return { key: String(args[1]) }
  return { key: String(args[0]) }
}

/** A script that does the same for each of its keys, with `perKey` arguments each, as one call a slot. */
export function splitBySlot<A>(
  keys: readonly string[],
  args: readonly A[],
  perKey: number,
): { keys: string[]; args: A[] }[] {
  return [...groupBySlot(keys).values()].map(places => ({
    keys: places.map(at => keys[at]!),
    args: places.flatMap(at => args.slice(at * perKey, (at + 1) * perKey)),
  }))
}
