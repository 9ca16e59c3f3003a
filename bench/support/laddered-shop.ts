// A shop's process for the figure of what ladders cost: as `levee start` makes it, with ladders as ever, or with ones that stand still.
// Both come from this file, so that nothing else differs. Started by measures/ladder-cost.ts in the environment of a place.

import { keepHeapSmall } from '../../services/commands/heap.ts'

// As `levee start`: before anything is loaded.
keepHeapSmall()

const { createShop } = await import('../../services/all.ts')
const { untilTold } = await import('../../services/commands/until-told.ts')
const { loadConfig } = await import('../../platform/config/load-config.ts')
const { createLog } = await import('../../platform/log/log.ts')
const { stillLadders } = await import('./still-ladders.ts')

const still = process.env.BENCH_LADDERS === 'still'
const config = loadConfig()
const log = createLog({ level: config['log.level'], name: 'levee', to: 'stderr' })
const shop = await createShop(config, log, 'bench', still ? { ladders: stillLadders() } : {})
const url = await shop.open()
const end = untilTold(shop, { drain: config['shutdown.drainTimeout'], endWithParent: true })
console.log(JSON.stringify({ port: Number(new URL(url).port) }))
process.exitCode = await end
