// What this process knows of the services that it asks.

import { Counter, Gauge, type Registry } from 'prom-client'

export interface AskedService {
  readonly name: string
  readonly inFlight: number
  readonly repeats: number
  readonly up: number
}

export function rpcMetrics(registry: Registry, status: () => readonly AskedService[]): void {
  const labelNames = ['service']
  const gauge = (name: string, help: string, value: (service: AskedService) => number): void => {
    new Gauge({
      ...{ name, help, labelNames, registers: [registry] },
      collect() {
        for (const service of status()) this.set({ service: service.name }, value(service))
      },
    })
  }
  gauge('levee_service_calls_active', 'Calls to a service without an answer yet', each => each.inFlight)
  gauge(
    'levee_service_instances_up',
    'Instances of a service that this process takes to be there',
    each => each.up,
  )
  new Counter({
    name: 'levee_service_repeats_total',
    help: 'Calls sent a second time because the first got no answer',
    ...{ labelNames, registers: [registry] },
    collect() {
      this.reset()
      for (const { name, repeats } of status()) this.inc({ service: name }, repeats)
    },
  })
}
