// What data needs in Redis, counted by hand: the bytes of keys and values, and what Redis' own structures add to each
// of them on a 64-bit machine. Sizes as in the source of Redis 7.0: `dict.h` (dictEntry), `server.h` (redisObject,
// zskiplistNode), `sds.h` (headers), `t_zset.c` (ZSKIPLIST_P). Not counted, and so in what is measured against it: that
// the allocator rounds up, that tables have a power of two of places, and whatever is there that need not be.

/** Key, value and the next one of its place. */
const DICT_ENTRY = 24
/** A table has at least one place, a pointer, for each entry. */
const PLACE = 8
/** Type, encoding, age, count of references, pointer. */
const OBJECT = 16
/** Element, score, the one before. */
const SKIPLIST_NODE = 24
/** The next one, and how far it is; each level has a quarter of the nodes of the one below it. */
const SKIPLIST_LEVEL = 16
const LEVELS = 4 / 3

/** Its text, the zero at its end, and a header as long as the text asks for. */
export function textBytes(length: number): number {
  const header = length < 32 && length > 0 ? 1 : length < 256 ? 3 : length < 65_536 ? 5 : 9
  return header + length + 1
}

/** A key with a text as its value, that ends by itself. */
export function expiringBytes(key: number, value: number): number {
  const ends = DICT_ENTRY + PLACE
  return DICT_ENTRY + PLACE + textBytes(key) + OBJECT + textBytes(value) + ends
}

/** One field of a large hash. */
export function fieldBytes(field: number, value: number): number {
  return DICT_ENTRY + PLACE + textBytes(field) + textBytes(value)
}

/** One member of a large sorted set: in a table and in a skip list, which share its text. */
export function memberBytes(member: number): number {
  return DICT_ENTRY + PLACE + textBytes(member) + SKIPLIST_NODE + SKIPLIST_LEVEL * LEVELS
}
