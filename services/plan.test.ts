import { expect, it } from 'vitest'
import { loadConfig } from '../platform/config/load-config.ts'
import { moduleNames } from './contracts.ts'
import { type Duty, dutiesOf, serviceFor, serviceNames } from './plan.ts'

const config = (overrides: Record<string, unknown> = {}) => loadConfig({ env: {}, overrides })
const url = ['http://127.0.0.1:4000']
const DUTIES: readonly Duty[] = ['calls', 'sweeps', 'events', 'groups']

it('every duty of every module is exactly one service’s, with and without services for consumers', () => {
  for (const given of [
    config(),
    config({ 'services.order-consumer': url }),
    config({ 'services.coupon-consumer': url, 'services.order-consumer': url }),
  ])
    for (const module of moduleNames)
      for (const duty of DUTIES) {
        const service = serviceFor(given, module, duty)
        expect(dutiesOf(given, service)).toContain(duty)
      }
})

it('consumers of their own take what they are for from the module’s service, and nothing else', () => {
  const apart = config({ 'services.coupon-consumer': url, 'services.order-consumer': url })
  expect([...dutiesOf(apart, 'order')]).toEqual(['calls', 'sweeps', 'groups'])
  expect([...dutiesOf(apart, 'order-consumer')]).toEqual(['events'])
  expect([...dutiesOf(apart, 'coupon')]).toEqual(['calls', 'sweeps', 'events'])
  expect([...dutiesOf(apart, 'coupon-consumer')]).toEqual(['groups'])
  expect([...dutiesOf(config(), 'order')]).toEqual(DUTIES)
  expect(dutiesOf(config(), 'gateway').size).toBe(0)
})

it('each service has a setting for where it is', () => {
  for (const name of serviceNames) expect(config()).toHaveProperty([`services.${name}`], [])
})
