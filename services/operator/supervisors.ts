// Which supervisor runs the engines here, and what it calls them.

import type { Supervisor } from '../../platform/supervisors/supervisor.ts'
import type { LeversOptions } from './levers.ts'

export type SupervisorName = Supervisor['name']

/** The manual's units (F8) for systemd; elsewhere what people call them. */
export const UNITS: Readonly<Record<SupervisorName, LeversOptions['units']>> = {
  local: { redis: 'redis', kafka: 'kafka', ledger: 'mariadb' },
  systemd: { redis: 'redis', kafka: 'kafka', ledger: 'mysql' },
  docker: { redis: 'redis', kafka: 'kafka', ledger: 'mysql' },
  kubernetes: { redis: 'statefulset/redis', kafka: 'statefulset/kafka', ledger: 'statefulset/mysql' },
}

/** `folder`: of `levee engines`, for the local one. */
export async function supervisorNamed(
  name: SupervisorName | 'none',
  folder: string,
): Promise<Supervisor | null> {
  if (name === 'none') return null
  if (name === 'local')
    return (await import('../../platform/supervisors/local.ts')).localSupervisor({ folder })
  if (name === 'systemd') return (await import('../../platform/supervisors/systemd.ts')).systemdSupervisor()
  if (name === 'docker') return (await import('../../platform/supervisors/docker.ts')).dockerSupervisor()
  return (await import('../../platform/supervisors/kubernetes.ts')).kubernetesSupervisor()
}
