// Finds Prometheus's own checker of rules, or installs it from Debian's packages; no Prometheus is started.

import type { Say } from '../../platform/engines/engine.ts'
import { EngineMissing } from '../../platform/engines/engine-missing.ts'
import { canInstall, installPackages, type Machine, thisMachine } from '../../platform/engines/machine.ts'

/** @throws EngineMissing when it is neither here nor installable */
export async function ensurePromtool(say: Say, machine: Machine = thisMachine): Promise<string> {
  const present = machine.find('promtool')
  if (present !== null) return present
  if (canInstall(machine)) {
    say('promtool is not installed: installing Debian package prometheus (some seconds, once) …')
    await installPackages(machine, 'prometheus')
  }
  const installed = machine.find('promtool')
  if (installed !== null) return installed
  throw new EngineMissing(
    'promtool is needed to check the rules for Prometheus: `apt-get install prometheus`.',
  )
}
