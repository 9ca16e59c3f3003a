// `--engines`: what `levee engines up` has started, as settings of this shop.

import type { EngineName } from '../../platform/engines/engine.ts'
import { ENGINE_NAMES, loadEngine, STANDING_FOLDER } from '../../platform/engines/engines.ts'
import { engineStatus } from '../../platform/engines/standing.ts'
import { CommandFailure, UNREACHABLE } from './exit-codes.ts'

const settings = {
  mariadb: 'ledger.url',
  redis: 'redis.url',
  kafka: 'kafka.brokers',
} as const satisfies Record<EngineName, string>

const listOf = (titles: readonly string[]): string => new Intl.ListFormat('en-GB').format(titles)

export type EngineSetting = (typeof settings)[EngineName]

/**
 * Settings that name the engines of `folder`, leaving out those that `isNamed` says are named already. An engine that
 * was never started there is not wanted; one that was started once must run.
 * @throws CommandFailure when one does not run, or none was ever started
 */
export async function standingSettings(
  isNamed: (setting: EngineSetting) => boolean,
  folder: string = STANDING_FOLDER,
): Promise<Partial<Record<EngineSetting, string>>> {
  const open = ENGINE_NAMES.filter(name => !isNamed(settings[name]))
  const engines = await Promise.all(open.map(loadEngine))
  const states = await Promise.all(engines.map(engine => engineStatus(engine, folder)))
  const away = engines.filter((_, index) => states[index]!.known && !states[index]!.running)
  if (away.length > 0)
    throw new CommandFailure(
      UNREACHABLE,
      `${listOf(away.map(({ title }) => title))} of ${folder} ${away.length > 1 ? 'do' : 'does'} not run. ` +
        `Start with: npx --no levee engines up --only ${away.map(({ name }) => name).join(',')}`,
    )
  const running = states.flatMap(({ engine, url }) => (url === null ? [] : [[settings[engine], url]]))
  if (open.length > 0 && running.length === 0)
    throw new CommandFailure(
      UNREACHABLE,
      `no engine runs in ${folder}. Start them: npx --no levee engines up`,
    )
  return Object.fromEntries(running) as Partial<Record<EngineSetting, string>>
}
