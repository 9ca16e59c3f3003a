// The engines that Levee can run by itself. Loaded one by one: each brings a driver or more.

import type { Engine, EngineName } from './engine.ts'

const engines: Readonly<Record<EngineName, () => Promise<Engine>>> = {
  mariadb: async () => (await import('./mariadb/mariadb.ts')).mariadb,
  redis: async () => (await import('./redis/redis.ts')).redis,
  kafka: async () => (await import('./kafka/kafka.ts')).kafka,
}

/** Where standing ones have their data and their state files, unless another folder is named. */
export const STANDING_FOLDER = '.levee/engines'

export const ENGINE_NAMES = Object.keys(engines) as readonly EngineName[]

export const loadEngine = (name: EngineName): Promise<Engine> => engines[name]()
