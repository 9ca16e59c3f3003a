// Where the operator looks: what the configuration names, or the engines of `levee engines`, whether they run or not.

import { GROUP, TOPIC } from '../../modules/coupon/queue-consumer.ts'
import type { Config } from '../../platform/config/settings.ts'
import { loadEngine, STANDING_FOLDER } from '../../platform/engines/engines.ts'
import { standingUrls } from '../../platform/engines/standing.ts'
import type { Places } from './collectors.ts'

export async function placesOf(
  config: Config,
  shopUrls: readonly string[],
  engines: boolean,
): Promise<Places> {
  const standing = async (name: 'redis' | 'kafka' | 'mariadb') =>
    engines ? standingUrls(await loadEngine(name), STANDING_FOLDER) : null
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
