// Where the operator looks: what the configuration names, or the engines of `levee engines`, whether they run or not.

import { GROUP, TOPIC } from '../../modules/coupon/queue-consumer.ts'
import type { Config } from '../../platform/config/settings.ts'
import { loadEngine } from '../../platform/engines/engines.ts'
import { standingUrls } from '../../platform/engines/standing.ts'
import type { Places } from './collectors.ts'

export async function placesOf(
  config: Config,
  shopUrls: readonly string[],
  /** Of `levee engines`; null: they are not looked for. */
  engines: string | null,
): Promise<Places> {
  const standing = async (name: 'redis' | 'kafka' | 'mariadb') =>
    engines === null ? null : standingUrls(await loadEngine(name), engines)
  const [redis, kafka, mariadb] = await Promise.all([
    standing('redis'),
    standing('kafka'),
    standing('mariadb'),
  ])
  const brokers = config['kafka.brokers'].length > 0 ? config['kafka.brokers'] : (kafka?.url.split(',') ?? [])
  const prefix = config['kafka.prefix'] === '' ? '' : `${config['kafka.prefix']}.`
  const groups = [{ group: `${prefix}${GROUP}`, topics: [`${prefix}${TOPIC}`] }]
  return {
    redisUrl: config['redis.url'] || redis?.url || null,
    // Who sees all transactions, where we have such a user.
    ledgerUrl: config['ledger.url'] || (mariadb?.adminUrl ?? mariadb?.url ?? null),
    ...{ brokers, groups, shopUrls, metricsToken: config['metrics.token'], folders: [config['data.folder']] },
  }
}
