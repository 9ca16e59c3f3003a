// The groups of this process, begun when their topics are there. A shop opens without Kafka: until it answers, its
// topics are tried again in the background.

import { type Group, type GroupOptions, type Kafka, PROBES, type Topic } from '../platform/kafka/kafka.ts'
import type { Log } from '../platform/log/log.ts'
import { type Backoff, fullJitter } from '../resilience/backoff.ts'

/** Pauses between attempts to make the topics. */
const RETRY: Backoff = { first: 200, most: 5_000 }

interface WithTopics {
  readonly topics?: readonly Topic[]
  readonly groups?: readonly GroupOptions[]
}

export interface KafkaGroups {
  start(): void
  /** Ends after the batches under way; others take over at once. */
  stop(): Promise<void>
  readonly groups: readonly Group[]
}

/** Those of the modules, and those of the delivery of events. */
export function createKafkaGroups(
  kafka: Kafka | null,
  modules: readonly WithTopics[],
  delivery: { readonly topics: readonly Topic[]; readonly groups: readonly Group[] },
  log: Log,
): KafkaGroups {
  if (kafka === null) return { start() {}, async stop() {}, groups: [] }
  const topics = [PROBES, ...delivery.topics, ...modules.flatMap(module => module.topics ?? [])]
  const groups = [
    ...delivery.groups,
    ...modules.flatMap(module => module.groups ?? []).map(options => kafka.group(options)),
  ]
  let stopped = false
  let wake = (): void => {}

  async function begin(broker: Kafka): Promise<void> {
    for (let attempt = 1; !stopped; attempt++) {
      try {
        await broker.ensureTopics(topics)
        break
      } catch (error) {
        // Once an outage, not once an attempt.
        if (attempt === 1) log.warn({ err: error }, 'Kafka is away: its groups begin when it is there')
      }
      await new Promise<void>(resolve => {
        const timer = setTimeout(resolve, fullJitter(RETRY, attempt, Math.random()))
        wake = () => {
          clearTimeout(timer)
          resolve()
        }
      })
    }
    if (!stopped) for (const group of groups) group.start()
  }

  let beginning: Promise<void> | null = null
  return {
    groups,
    start() {
      beginning ??= begin(kafka)
    },
    async stop() {
      stopped = true
      wake()
      await beginning
      await Promise.all(groups.map(group => group.stop()))
    },
  }
}
