// What the gateway takes from the configuration.

import type { GatewaySettings } from '../gateway/server.ts'
import type { Config } from '../platform/config/settings.ts'

/** Connections that may wait to be accepted: a rush arrives in one turn of the loop. Linux caps it at somaxconn, 4096. */
export const BACKLOG = 4_096

export function gatewaySettings(config: Config): GatewaySettings {
  return {
    bodyLimit: config['http.bodyLimit'],
    requestTimeout: config['http.requestTimeout'],
    inFlightMost: config['http.inFlightMost'],
    trustedProxies: config['http.trustedProxies'],
    metricsToken: config['metrics.token'],
    identityRate: {
      perSecond: config['rateLimit.identityPerSecond'],
      burst: config['rateLimit.identityBurst'],
    },
    addressRate: { perSecond: config['rateLimit.addressPerSecond'], burst: config['rateLimit.addressBurst'] },
  }
}
