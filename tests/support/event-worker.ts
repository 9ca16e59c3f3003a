// A process with a relay and the consumers `one` and `two`, for tests that kill it: `node event-worker.ts BROKERS PREFIX`
// with LEVEE_MYSQL_URL. Says `ready`, and ends with its standard input.

import { createKafkaConsumers } from '../../platform/events/kafka-consumers.ts'
import { createKafkaTransport } from '../../platform/events/kafka-transport.ts'
import { Relay } from '../../platform/events/relay.ts'
import { openKafka } from '../../platform/kafka/open-kafka.ts'
import { openLedger } from '../../platform/sql/open-ledger.ts'
import { log, recorder } from './event-bed.ts'
import { standOn } from './fixed-ladders.ts'

const [brokers = '', prefix = ''] = process.argv.slice(2)
const clock = Date.now
const url = process.env.LEVEE_MYSQL_URL ?? ''
const ledger = await openLedger({ url, dataFolder: '', poolSize: 8, lockWait: 2_000 })
const kafka = openKafka({ brokers: brokers.split(','), prefix, publishTimeout: 1_000, log })
const consumers = ['one', 'two'].map(name => recorder(name, () => {}, ['order.paid'], ledger, clock))
const deps = { ledger, clock, log, kafka }
const transport = createKafkaTransport(consumers, { ...deps, standing: standOn('kafka') })
new Relay({ ledger, clock, log, transport }).start()
for (const group of createKafkaConsumers(consumers, { ...deps, took: transport.took })) group.start()
process.stdin.on('end', () => process.exit()).resume()
console.log('ready')
