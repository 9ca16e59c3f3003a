// How much memory Redis uses, server by server.

import type { Redis } from './redis.ts'

export interface Memory {
  /** Of the whole server, bytes. */
  readonly used: number
  /** Most it may use, bytes; 0: without a limit. */
  readonly max: number
}

/** One for each server. Rejects when Redis does. */
export async function memoryOf(redis: Redis): Promise<Memory[]> {
  const info = await redis.command<string>('INFO', 'memory')
  const read = (name: string) =>
    [...info.matchAll(new RegExp(`^${name}:(\\d+)`, 'gm'))].map(([, bytes]) => Number(bytes))
  const most = read('maxmemory')
  return read('used_memory').map((used, i) => ({ used, max: most[i] ?? 0 }))
}

export function sumOf(memories: readonly Memory[]): Memory {
  const sum = (of: keyof Memory) => memories.reduce((all, memory) => all + memory[of], 0)
  return { used: sum('used'), max: sum('max') }
}

/** Of the server that is fullest, percent; 0 where none has a limit. */
export function fullness(memories: readonly Memory[]): number {
  return Math.max(0, ...memories.map(({ used, max }) => (max === 0 ? 0 : (100 * used) / max)))
}
