// The operator as it is started: its store, its eyes and its levers, and who is told.

import { readFileSync } from 'node:fs'
import { openChannels } from '../../operator/alerting/channels/open-channels.ts'
import type { ContactBook } from '../../operator/alerting/contacts.ts'
import { Deliveries } from '../../operator/alerting/deliveries.ts'
import { AlertDesk } from '../../operator/alerting/desk.ts'
import type { ChannelName, RouteSettings } from '../../operator/alerting/routes.ts'
import {
  incidentOf,
  tellAcknowledged,
  tellChange,
  tellHelpless,
} from '../../operator/alerting/tell-incidents.ts'
import { Operator } from '../../operator/operator.ts'
import type { Config } from '../../platform/config/settings.ts'
import { newId } from '../../platform/ids.ts'
import type { Log } from '../../platform/log/log.ts'
import { openMail } from '../../platform/mail/open-mail.ts'
import { openEyes, type Places } from './collectors.ts'
import { type LeversOptions, leversOf } from './levers.ts'
import { openOperatorStore } from './operator-store.ts'

export interface OperatorOptions extends Pick<LeversOptions, 'supervisor' | 'units' | 'verify'> {
  readonly config: Config
  readonly log: Log
  readonly places: Places
  readonly book: ContactBook
  readonly routes: RouteSettings
  readonly env: Readonly<Record<string, string | undefined>>
}

export interface RunningOperator {
  /** How it can tell people. */
  readonly channels: readonly ChannelName[]
  /** What is set up by half. */
  readonly problems: readonly string[]
  stop(): Promise<boolean>
}

/** Between two looks whether time alone brings something about, ms. */
const TICK_MS = 1_000

export async function runOperator(options: OperatorOptions): Promise<RunningOperator> {
  const { config, log, places, book, env } = options
  const clock = Date.now
  const store = await openOperatorStore(config)
  const mail = await openMail({
    transport: config['mail.transport'],
    dataFolder: config['data.folder'],
    smtpUrl: config['mail.smtpUrl'],
    from: config['mail.from'],
  })
  const { channels, problems } = openChannels({
    ...{ env, mail, clock, timeZone: book.timeZone, source: 'levee' },
    readFile: file => readFileSync(file, 'utf8'),
  })
  const deliveries = new Deliveries({
    ...{ store, channels, clock, log, random: Math.random },
    book: () => book,
    links: () => [],
  })
  const alerts = new AlertDesk({
    ...{ store, book: () => book, routes: options.routes, configured: new Set(channels.keys()) },
    onTold(key, { kind, level }, recipients) {
      const told = recipients.map(({ channel, contact }) => `${channel} ${contact}`)
      if (told.length === 0) log.error({ key, kind, level }, 'nobody can be told')
      operator.desk.incidents.note(incidentOf(key), clock(), 'message', { kind, level, told })
    },
  })
  const eyes = openEyes(places)
  const operator: Operator = new Operator({
    ...{ store, clock, log, owner: newId(), collectors: eyes.collectors },
    ...leversOf(options),
    tell: (change, now) => tellChange(alerts, change, now),
    escalate(incident, why, now) {
      const said = {
        en: `What was tried did not bring it back (${why}).`,
        ko: `자동 조치로 복구되지 않았습니다 (${why}).`,
      }
      store.transact(() => tellHelpless(alerts, incident, said, now))
      deliveries.wake()
    },
  })
  deliveries.start()
  operator.start()
  const timer = setInterval(() => {
    try {
      const now = clock()
      store.transact(() => {
        for (const incident of operator.desk.incidents.open()) tellAcknowledged(alerts, incident, now)
        alerts.tick(now)
      })
    } catch (error) {
      log.error({ err: error }, 'alerts could not be looked at')
    }
    deliveries.wake()
  }, TICK_MS)
  return {
    channels: [...channels.keys()],
    problems,
    async stop() {
      clearInterval(timer)
      await operator.stop()
      await deliveries.stop()
      eyes.close()
      await mail.close()
      store.close()
      return true
    },
  }
}
