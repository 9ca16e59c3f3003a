// What this process may stand on, ladder by ladder: from the configured rung down, each whose engine is configured.

import { ConfigError } from '../platform/config/load-config.ts'
import type { Config } from '../platform/config/settings.ts'
import {
  type Engine,
  type Ladder,
  ladderNames,
  ladders,
  type Rung,
  rungsFrom,
} from '../resilience/ladders.ts'

export type ChosenRungs = { readonly [L in Ladder]: readonly Rung<L>[] }

const settings = {
  'coupon.claim': 'rung.couponClaim',
  'event.publish': 'rung.eventPublish',
  'bestseller.read': 'rung.bestsellerRead',
  'payment.lock': 'rung.paymentLock',
  'session.read': 'rung.sessionRead',
  'product.cache': 'rung.productCache',
} as const satisfies Record<Exclude<Ladder, 'database'>, keyof Config>

/**
 * `open`: the engines that this process asks; where that is less than what is configured, it stands lower.
 * @throws ConfigError naming each rung whose engine is not configured.
 */
export function chooseRungs(config: Config, open: ReadonlySet<Engine>): ChosenRungs {
  const configured = new Set<Engine>()
  if (config['redis.url'] !== '') configured.add('redis')
  if (config['kafka.brokers'].length > 0) configured.add('kafka')
  const problems: string[] = []
  const chosen = ladderNames.map(ladder => {
    // Nobody wants to begin read-only.
    if (ladder === 'database') return [ladder, ladders.database] as const
    const wanted = config[settings[ladder]] as Rung<Ladder> | 'best'
    const rungs = rungsFrom(ladder, wanted as 'best', configured)
    if (rungs === null) problems.push(`${settings[ladder]} is ${wanted}, and ${wanted} is not configured`)
    return [
      ladder,
      rungsFrom(ladder, wanted as 'best', open) ?? rungsFrom(ladder, 'best', new Set()),
    ] as const
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.fromEntries(chosen) as unknown as ChosenRungs
}
