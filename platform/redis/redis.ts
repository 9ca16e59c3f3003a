// Redis as the rest of Levee sees it: commands and scripts with a deadline, never queued for later, never trusted.

import { createHash } from 'node:crypto'

/** Redis did not answer in time, or cannot be reached. What was sent may have happened: nothing may rest on it. */
export class RedisAway extends Error {
  override readonly name = 'RedisAway'
}

/** A script runs whole and alone. All its keys share one hash tag (`{…}`), so that it also runs on a cluster, or see `perKey`. */
export interface RedisScript {
  readonly lua: string
  readonly sha: string
  /**
   * Where it does the same for each key alone: how many arguments each has. Then its keys may lie anywhere in a cluster, it runs
   * once a slot, and the numbers that it answers are added up.
   */
  readonly perKey?: number
}

export function script(lua: string, more: { readonly perKey?: number } = {}): RedisScript {
  return { lua, sha: createHash('sha1').update(lua).digest('hex'), ...more }
}

export type Reply = string | number | null | readonly Reply[]

export interface Redis {
  /** One command. Rejects with RedisAway after `redis.commandTimeout`, at once while not connected; with the server's own error otherwise. */
  command<T = Reply>(...args: readonly (string | number)[]): Promise<T>
  /** Commands of one turn of the loop travel together by themselves. */
  run<T = Reply>(script: RedisScript, keys: readonly string[], args: readonly (string | number)[]): Promise<T>
  /** Hears of every message on a channel, at most once each and perhaps never: a hint, no more. */
  listen(channel: string, heard: (message: string) => void): Promise<void>
  /** Connected, as far as is known. */
  readonly up: boolean
  ping(): Promise<void>
  /** Writes something small, silent or not: tells of the server's health what it finds. Rejects when that failed. */
  probe(): Promise<void>
  close(): Promise<void>
}
