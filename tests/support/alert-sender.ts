// A process that has incidents and tells of them until somebody kills it. Arguments: file of the store, URLs as JSON, how many incidents
// to have, `begin` or `finish` (then it ends by itself when all is told).

import { Deliveries } from '../../operator/alerting/deliveries.ts'
import { DELIVERY_STEPS, queueCounts } from '../../operator/alerting/delivery-store.ts'
import { enqueue } from '../../operator/alerting/enqueue.ts'
import type { Kind } from '../../operator/alerting/message.ts'
import { createLog } from '../../platform/log/log.ts'
import { openSmallStore } from '../../platform/store/small-store.ts'
import { BOOK, messageOf } from './alerts.ts'
import { channelsTo, type Urls } from './receivers/all.ts'

const [, , file = '', urls = '', most = '0', how = 'begin'] = process.argv

const store = await openSmallStore(file, [
  ...DELIVERY_STEPS,
  { name: 'incidents', sql: 'CREATE TABLE incidents (id INTEGER PRIMARY KEY, told INTEGER NOT NULL) STRICT' },
])
const noMail = { send: async () => undefined, close: async () => undefined }
const channels = channelsTo(JSON.parse(urls) as Urls, noMail, 200)
const deliveries = new Deliveries({
  store,
  channels,
  book: () => BOOK,
  links: () => [],
  clock: Date.now,
  random: Math.random,
  log: createLog({ level: 'silent' as 'error', name: 'sender', to: 'stderr' }),
  settings: {
    backoff: { first: 20, most: 60 },
    pauseLeast: 5,
    every: 50,
    // One by one, and by no other way: each telling is counted.
    storm: { most: 1e9, window: 1, hold: 1, digestMost: 1 },
    patience: { warning: 1e9, critical: 1e9, emergency: 1e9 },
  },
})
deliveries.start()

const KINDS: readonly Kind[] = ['opened', 'escalated', 'resolved']

/** The next thing that happens: what an incident is, and what is told of it, in one transaction. */
function happen(): boolean {
  const { id, told } = store.one<{ id: number; told: number }>(
    'SELECT id, told FROM incidents ORDER BY id DESC LIMIT 1',
  ) ?? { id: 0, told: KINDS.length }
  const isNew = told === KINDS.length
  if (isNew && id >= Number(most)) return false
  const [incident, step] = isNew ? [id + 1, 0] : [id, told]
  const key = `incident-${incident}`
  const message = messageOf({
    key,
    id: `${key}-${step}`,
    kind: KINDS[step]!,
    title: { ko: `${key}-${step}`, en: '' },
  })
  store.transact(() => {
    store.run(
      'INSERT INTO incidents (id, told) VALUES (?, ?) ON CONFLICT (id) DO UPDATE SET told = excluded.told',
      incident,
      step + 1,
    )
    const ways = [
      { channel: 'slack', contact: 'everyone' },
      { channel: 'webhook', contact: 'everyone' },
      { channel: 'pagerduty', contact: 'everyone' },
    ] as const
    enqueue(store, message, ways, Date.now())
  })
  deliveries.wake()
  return true
}

const every = setInterval(() => {
  if (happen() || how === 'begin' || queueCounts(store).length > 0) return
  clearInterval(every)
  void deliveries.stop().then(() => {
    store.close()
    process.stdout.write('all told\n')
  })
}, 4)
process.stdout.write('ready\n')
