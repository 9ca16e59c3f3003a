// The keys by which services of one shop know each other: the current one signs, the one before is accepted too.

/** A key and its name, which stands in the header of what it signed. */
export interface InternalKey {
  readonly kid: string
  readonly secret: Buffer
}

export interface KeyRing {
  /** What signs now. */
  current(): InternalKey
  /** Null: no such key, or none that is accepted any more. Looks again before it says so: it may be new. */
  find(kid: string): InternalKey | null
}

/** A fixed ring: the first key signs, all are accepted. */
export function fixedKeys(keys: readonly InternalKey[]): KeyRing {
  const first = keys[0]
  if (first === undefined) throw new Error('a ring needs a key')
  return { current: () => first, find: kid => keys.find(key => key.kid === kid) ?? null }
}
