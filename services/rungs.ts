// Which rung of each ladder this process stands on: the configured one, or the best whose engine is configured.

import { ConfigError } from '../platform/config/load-config.ts'
import type { Config } from '../platform/config/settings.ts'
import { chooseRung, type Engine, type Ladder, ladders, type Rung } from '../resilience/ladders.ts'

export type ChosenRungs = { readonly [L in Ladder]: Rung<L> }

const settings = {
  'coupon.claim': 'rung.couponClaim',
  'event.publish': 'rung.eventPublish',
  'bestseller.read': 'rung.bestsellerRead',
  'payment.lock': 'rung.paymentLock',
  'session.read': 'rung.sessionRead',
  'product.cache': 'rung.productCache',
} as const satisfies Record<Ladder, keyof Config>

/** @throws ConfigError naming each rung whose engine is not configured. */
export function chooseRungs(config: Config): ChosenRungs {
  const engines = new Set<Engine>()
  if (config['redis.url'] !== '') engines.add('redis')
  if (config['kafka.brokers'].length > 0) engines.add('kafka')
  const problems: string[] = []
  const chosen = (Object.keys(ladders) as Ladder[]).map(ladder => {
    const wanted = config[settings[ladder]] as Rung<Ladder> | 'best'
    const rung = chooseRung(ladder, wanted as 'best', engines)
    if (rung === null) problems.push(`${settings[ladder]} is ${wanted}, and ${wanted} is not configured`)
    return [ladder, rung] as const
  })
  if (problems.length > 0) throw new ConfigError(problems)
  return Object.fromEntries(chosen) as unknown as ChosenRungs
}
