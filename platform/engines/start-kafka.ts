// A Kafka of one node for as long as this process lives.

import { kafka } from './kafka/kafka.ts'
import type { KafkaOptions } from './kafka/options.ts'
import { type Started, type StartOptions, startEngine } from './start-engine.ts'

export interface RunningKafka extends Omit<Started, 'urls'> {
  /** `127.0.0.1:port` */
  readonly brokers: string
}

/**
 * Topics and offsets stay in a folder that is given. After kill -9 of its process it is back some 5 s after the next
 * start: the old session has to end first.
 * @throws EngineMissing, or Error with the server's log. The server ends with this process, even after kill -9.
 */
export async function startKafka(options: StartOptions & KafkaOptions = {}): Promise<RunningKafka> {
  const { urls, ...running } = await startEngine(kafka, options, options)
  return { ...running, brokers: urls.url }
}
