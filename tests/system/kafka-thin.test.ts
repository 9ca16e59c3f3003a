// Of three brokers two are killed: what is left can be asked, and takes no records, because they would be on one disk only.
// The cells of the failure matrix, as for every other row.

import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { findJars, JARS_FOLDER } from '../../platform/engines/kafka/jars.ts'
import { failures } from '../../resilience/failure-matrix.ts'
import { ledgerUrls, redisUrl } from '../support/engines.ts'
import { MatrixBed, SOON } from '../support/matrix-bed.ts'
import { ThreeBrokers } from '../support/three-brokers.ts'

const redis = redisUrl()
const url = ledgerUrls().find(({ name }) => name === 'mariadb')?.url
const isHere = redis !== undefined && url !== undefined && findJars(JARS_FOLDER) !== null

describe.skipIf(!isHere)('while Kafka has fewer in-sync replicas than it wants', () => {
  let kafka: ThreeBrokers
  let bed: MatrixBed

  beforeAll(async () => {
    kafka = await ThreeBrokers.start()
    bed = await MatrixBed.open({ name: 'kafka', url: url!, redis: redis!, kafka: kafka.brokers }, {})
  })
  afterAll(async () => {
    await bed?.close()
    await kafka?.drop()
  })

  it('every cell is as the matrix says, and the books agree', async () => {
    const { name, down } = failures.kafkaThin
    await bed.afresh(down)
    const begin = async (): Promise<void> => {
      await kafka.killTwo()
      // Not that brokers cannot be reached: what is left has said itself that it takes nothing.
      await expect.poll(() => bed.whyOut('event.publish'), SOON).toBe('kafka is wrong role')
    }
    await bed.proves(name, new Set(down), { begin, end: () => kafka.restartTwo() })
    await bed.stall.booksBalance()
  })
})
