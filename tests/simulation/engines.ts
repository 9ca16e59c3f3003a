// What stands around the shop processes of one seed.

import type { KafkaBroker } from './kafka-broker.ts'
import type { LedgerServer } from './sim-ledger.ts'
import type { ProviderServer } from './sim-provider.ts'
import type { RedisServer } from './sim-redis.ts'
import type { World } from './world.ts'

export interface Engines {
  readonly world: World
  readonly ledgerServer: LedgerServer
  readonly redisServer: RedisServer
  readonly broker: KafkaBroker
  readonly provider: ProviderServer
}
