// Every measure. A new one is a file in `measures/` and a line here.

import { bottlenecks } from './measures/bottlenecks.ts'
import { coupons } from './measures/coupons.ts'
import { couponsKafka } from './measures/coupons-kafka.ts'
import { couponsRedis } from './measures/coupons-redis.ts'
import { events } from './measures/events.ts'
import { fiveLines } from './measures/five-lines.ts'
import { goodput } from './measures/goodput.ts'
import { guestOrder } from './measures/guest-order.ts'
import { hotOrder } from './measures/hot-order.ts'
import { ladderCost } from './measures/ladder-cost.ts'
import { loneOrder } from './measures/lone-order.ts'
import { millionOrders } from './measures/million-orders.ts'
import { ranking } from './measures/ranking.ts'
import { reaction } from './measures/reaction.ts'
import { reads } from './measures/reads.ts'
import { redisMemory } from './measures/redis-memory.ts'
import { soak } from './measures/soak.ts'
import { split } from './measures/split.ts'
import { splitRouting } from './measures/split-routing.ts'
import type { Measure } from './support/measure.ts'

export const measures: readonly Measure[] = [
  hotOrder,
  guestOrder,
  fiveLines,
  coupons,
  couponsRedis,
  couponsKafka,
  reads,
  ranking,
  events,
  redisMemory,
  split,
  loneOrder,
  bottlenecks,
  splitRouting,
  millionOrders,
  reaction,
  goodput,
  soak,
  ladderCost,
]
