// Memory of Redis for 100,000 products, members and ranking entries, filled by the shop's own code, against the same
// counted by hand.

import { hash } from 'node:crypto'
import { redisRung } from '../../modules/account/rung-redis.ts'
import { sqlRung } from '../../modules/account/rung-sql.ts'
import { LiveRanking } from '../../modules/bestseller/live-ranking.ts'
import type { BestsellerTables, DayRow } from '../../modules/bestseller/tables.ts'
import type { ProductRow } from '../../modules/product/tables.ts'
import { systemCall } from '../../platform/contract/call.ts'
import { createLog } from '../../platform/log/log.ts'
import { families, keyOf } from '../../platform/redis/keys.ts'
import { openRedis } from '../../platform/redis/open-redis.ts'
import type { Redis } from '../../platform/redis/redis.ts'
import { inArena } from '../support/arena.ts'
import type { BenchShop } from '../support/bench-shop.ts'
import { type Doors, manyAtOnce, whileItHangs } from '../support/closed-shop.ts'
import { couponMaker } from '../support/coupons.ts'
import { insertRows } from '../support/insert-rows.ts'
import { memberCall } from '../support/line.ts'
import type { Measure } from '../support/measure.ts'
import { signedInMembers } from '../support/members.ts'
import { expiringBytes, fieldBytes, memberBytes } from '../support/redis-bytes.ts'

/** Of each kind. */
const MANY = 100_000
/** A Redis that is slow for a moment is left alone by the shop; below this part of all it was more than a moment. */
const MOSTLY = 0.9
/** Days over which the ranking entries are spread: what is kept of one scope is bounded by 50,000. */
const DAYS = ['2026-01-05', '2026-01-06'] as const
/** Sessions in one read: as many as the shop asks for at once. */
const SESSIONS_AT_ONCE = 200
/** Memory counts when it has been the same for so many looks, this far apart, ms: tables grow in the background. */
const SAME_LOOKS = 3
const LOOK_EVERY_MS = 200
const LOOKS_MOST = 100
const MIB = 2 ** 20

interface Kind {
  readonly name: string
  fill(): Promise<void>
  /** What is there afterwards: how many, and the bytes of each by hand. `keys`: that were added. */
  count(keys: number): Promise<{ readonly many: number; readonly bytes: number }>
}

export const redisMemory: Measure = {
  name: 'redis-memory',
  summary:
    'memory of Redis for 100,000 products, sessions, coupon members, ranking entries ÷ counted by hand',
  steps: () => 4,
  run: run =>
    inArena(run, async arena => {
      const env = { LEVEE_RUNG_COUPON_CLAIM: 'redis' }
      const shop = await arena.shop('mariadb', { with: ['redis'], env })
      const offer = await couponMaker(shop)
      const couponId = await offer(MANY)
      const tokens = await furnish(shop)
      const redis = await openRedis({
        url: (await arena.redis()).url,
        commandTimeout: 5_000,
        log: createLog({ level: 'error', name: 'levee-bench', to: 'stderr' }),
      })
      arena.atEnd(() => redis.close())
      // What lives for seconds is counted as if all of it were there at the same moment.
      await redis.command('DEBUG', 'SET-ACTIVE-EXPIRE', 0)
      const notes: string[] = []
      let [measured, counted] = [0, 0]
      await whileItHangs(shop, async doors => {
        for (const { name, fill, count } of kinds(doors, shop, redis, couponId, tokens)) {
          const before = await settledMemory(redis)
          const keys = await redis.command<number>('DBSIZE')
          await fill()
          const used = (await settledMemory(redis)) - before
          const { many, bytes } = await count((await redis.command<number>('DBSIZE')) - keys)
          if (many < MANY * MOSTLY) throw new Error(`only ${many} ${name} are in Redis`)
          const byHand = many * bytes
          measured += used
          counted += byHand
          notes.push(
            `${many.toLocaleString('en-GB')} ${name}: ${(used / MIB).toFixed(1)} MiB, counted ${(byHand / MIB).toFixed(1)} MiB: ` +
              `${(used / byHand).toFixed(2)} ×, ${(used / many).toFixed(0)} bytes each`,
          )
          run.step()
        }
      })
      // Figures of sales that never were: the auditor would say so, and be right.
      await shop.ledger.write<BestsellerTables, unknown>(tx =>
        tx.deleteFrom('bestseller_days').where('day', 'in', DAYS).execute(),
      )
      const version = /redis_version:(\S+)/.exec(await redis.command<string>('INFO', 'server'))?.[1]
      const allocator = /mem_allocator:(\S+)/.exec(await redis.command<string>('INFO', 'memory'))?.[1]
      return {
        rows: [
          {
            name: 'Redis memory per 100,000 products, members and ranking entries ÷ counted by hand',
            ...{ value: measured / counted, unit: '×', goal: 1.2, floor: 2, better: 'lower' },
          },
        ],
        notes: [
          ...notes,
          `Redis ${version}, ${allocator}; counted are keys, values and Redis' own structures, see bench/support/redis-bytes.ts`,
        ],
        problems: await shop.verify(),
      }
    }),
}

/** Rows in the ledger for the shop to read. Returns the hashes of sessions. */
async function furnish({ ledger }: BenchShop): Promise<string[]> {
  const now = Date.now()
  // One more than is kept.
  const ids = Array.from({ length: MANY + 1 }, (_, i) => productId(i))
  const name = 'HANGING HEART T-LIGHT HOLDER'
  await insertRows<ProductRow>(
    ledger,
    'products',
    ids.map(id => ({
      ...{ product_id: id, name, name_search: name.toLowerCase(), price: 255, on_sale: 1 },
      ...{ sale_starts_at: null, member_limit: null, version: 1, updated_at: now },
    })),
  )
  await insertRows<DayRow>(
    ledger,
    'bestseller_days',
    ids.slice(0, MANY).map((id, i) => ({
      ...{ generation: 1, day: DAYS[i % DAYS.length]!, country: 'United Kingdom', product_id: id },
      ...{ units: 1 + (i % 997), revenue: 255 * (1 + (i % 997)), refunded_units: 0, refunded_revenue: 0 },
      version: 0,
    })),
  )
  const headers = await signedInMembers(ledger, MANY + 1)
  return headers.map(header => hash('sha256', header.slice('Bearer '.length), 'base64url'))
}

/** As long as the real ones. */
const productId = (i: number): string => `P${String(i).padStart(5, '0')}`

function kinds(
  doors: Doors,
  { place, ledger }: BenchShop,
  redis: Redis,
  couponId: string,
  tokens: readonly string[],
): Kind[] {
  const prefix = place.env.LEVEE_REDIS_PREFIX!
  const clock = Date.now
  const length = (text: string) => Buffer.byteLength(text)
  const rung = redisRung({
    ...{ redis, prefix, clock },
    load: sqlRung({ ledger, clock }).load,
    forget: () => undefined,
  })
  const products = {
    key: (i: number) => keyOf(prefix, families.product, productId(i)),
    async read(i: number) {
      const shown = await doors.product.getProduct(systemCall('bench', clock()), { productId: productId(i) })
      if (!shown.ok) throw new Error(shown.refusal.detail)
    },
  }
  const sessions = {
    key: (i: number) => keyOf(prefix, families.session, tokens[i]!),
    read: async (i: number) => void (await rung.load([tokens[i]!])),
  }
  /** Of texts under keys of their own. One more is read and looked at: those from before are over when asked for. */
  async function text({ key, read }: typeof products, many: number) {
    await read(MANY)
    for (let look = 0; look < LOOKS_MOST; look++) {
      const value = await redis.command<number>('STRLEN', key(MANY))
      if (value > 0) return { many, bytes: expiringBytes(length(key(MANY)), value) }
    }
    throw new Error(`${key(MANY)} is not in Redis`)
  }
  const live = new LiveRanking(redis, prefix)
  return [
    {
      name: 'products',
      async fill() {
        await manyAtOnce(MANY, products.read)
      },
      count: keys => text(products, keys),
    },
    {
      name: 'sessions',
      async fill() {
        for (let at = 0; at < MANY; at += SESSIONS_AT_ONCE)
          await rung.load(tokens.slice(at, at + SESSIONS_AT_ONCE))
      },
      count: keys => text(sessions, keys),
    },
    {
      name: 'coupon members',
      async fill() {
        await manyAtOnce(MANY, async i => {
          const claimed = await doors.coupon.claimCoupon(memberCall(couponId, i), { couponId })
          if (!claimed.ok) throw new Error(claimed.refusal.detail)
        })
      },
      async count() {
        const fields = await redis.command<number>('HLEN', keyOf(prefix, families.couponGate, couponId))
        return { many: fields, bytes: fieldBytes(length(memberCall(couponId, 0).principal.id), 0) }
      },
    },
    {
      name: 'ranking entries',
      async fill() {
        for (let look = 0; look < LOOKS_MOST; look++) {
          for (const day of DAYS) {
            const call = systemCall('bench', clock())
            const shown = await doors.bestseller.bestSellers(call, { period: 'day', day })
            if (!shown.ok) throw new Error(shown.refusal.detail)
          }
          await pause()
          if ((await live.head())?.scopes.length === DAYS.length) return
        }
        throw new Error('the ranking was not filled')
      },
      async count() {
        const id = length(productId(0))
        // The figures of a product, and its place by revenue and by units.
        const figures = length('499 127245 0 0')
        return { many: MANY, bytes: fieldBytes(id, figures) + 2 * memberBytes(id) }
      },
    },
  ]
}

async function settledMemory(redis: Redis): Promise<number> {
  let [last, same] = [Number.NaN, 0]
  for (let look = 0; look < LOOKS_MOST; look++) {
    const text = await redis.command<string>('INFO', 'memory')
    const used = Number(/used_memory:(\d+)/.exec(text)?.[1])
    // Buffers of connections come and go: a few KiB of many MiB.
    same = Math.abs(used - last) < MIB / 16 ? same + 1 : 0
    if (same >= SAME_LOOKS) return used
    last = used
    await pause()
  }
  throw new Error('the memory of Redis does not come to rest')
}

const pause = (): Promise<void> => new Promise(resolve => setTimeout(resolve, LOOK_EVERY_MS))
