// For tests: a `systemctl` that takes exactly what systemctl(1) allows and our driver is to say, and answers in its words.

import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'

export interface FakeUnit {
  readonly active: 'active' | 'inactive' | 'failed' | 'activating'
  readonly sub: string
  readonly pid: number
}

/** What it does the next times it is asked to change something; `show` answers all the same, except when `all` hangs. */
export type SystemctlFault =
  | 'none'
  | 'denied'
  | 'job fails'
  | 'hang'
  | 'hang all'
  | 'no systemd'
  | 'still old'

export class FakeSystemctl {
  readonly folder = mkdtempSync(path.join(tmpdir(), 'levee-systemctl-'))

  constructor(units: Readonly<Record<string, FakeUnit>>) {
    writeFileSync(path.join(this.folder, 'units.json'), JSON.stringify(units))
    this.fault('none')
    const program = path.join(this.folder, 'systemctl')
    writeFileSync(program, `#!${process.execPath}\n${SCRIPT}`)
    chmodSync(program, 0o755)
  }

  get env(): NodeJS.ProcessEnv {
    return { ...process.env, PATH: `${this.folder}:/usr/bin:/bin` }
  }

  fault(fault: SystemctlFault): void {
    writeFileSync(path.join(this.folder, 'fault'), fault)
  }

  unit(name: string): FakeUnit | undefined {
    return JSON.parse(readFileSync(path.join(this.folder, 'units.json'), 'utf8'))[name]
  }

  /** Every command line so far, as JSON. */
  get calls(): readonly string[] {
    const file = path.join(this.folder, 'calls')
    return existsSync(file) ? readFileSync(file, 'utf8').trim().split('\n') : []
  }

  drop(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** CommonJS, as it has no name that ends otherwise. */
const SCRIPT = `
const { appendFileSync, readFileSync, writeFileSync } = require('node:fs')
const { join } = require('node:path')
const say = text => process.stderr.write(text + '\\n')
const end = (code, text) => { say(text); process.exit(code) }
const args = process.argv.slice(2)
appendFileSync(join(__dirname, 'calls'), JSON.stringify(args) + '\\n')
const fault = readFileSync(join(__dirname, 'fault'), 'utf8')
const file = join(__dirname, 'units.json')
const units = JSON.parse(readFileSync(file, 'utf8'))
if (process.env.LC_ALL !== 'C') end(1, 'its words would be translated')
if (fault === 'no systemd')
  end(1, "System has not been booted with systemd as init system (PID 1). Can't operate.\\nFailed to connect to bus: Host is down")
const [verb, ...rest] = args
const mark = rest.indexOf('--')
const options = rest.slice(0, mark)
const names = rest.slice(mark + 1)
if (mark < 0 || names.length !== 1) end(1, 'Too few or too many arguments.')
const name = names[0].replace(/\\.service$/, '')
const unit = units[name]
const hang = () => setInterval(() => {}, 1000)
if (verb === 'show') {
  const known = { LoadState: unit ? 'loaded' : 'not-found', ActiveState: unit ? unit.active : 'inactive',
    SubState: unit ? unit.sub : 'dead', Result: unit && unit.active === 'failed' ? 'exit-code' : 'success',
    MainPID: String(unit ? unit.pid : 0),
    StateChangeTimestampMonotonic: unit ? String(process.hrtime.bigint() / 1000n - 5000000n) : '0' }
  if (options.shift() !== '--no-pager') end(1, 'a page would wait for a key')
  const wanted = options.map(option => /^--property=(\\w+)$/.exec(option)?.[1])
  if (wanted.some(property => !(property in known))) end(1, 'Unknown option')
  if (fault === 'hang all') hang()
  else for (const property of wanted) console.log(property + '=' + known[property])
} else if (['restart', 'stop', 'start'].includes(verb)) {
  if (options.join() !== '--no-ask-password') end(1, 'a person would be asked')
  if (unit === undefined) end(5, 'Failed to ' + verb + ' ' + name + '.service: Unit ' + name + '.service not found.')
  if (fault === 'denied') end(4, 'Failed to ' + verb + ' ' + name + '.service: Access denied\\nSee system logs for details.')
  if (fault === 'hang') hang()
  else {
    const runs = unit.active === 'active'
    if (verb === 'stop') units[name] = { active: 'inactive', sub: 'dead', pid: 0 }
    else if (fault === 'job fails') units[name] = { active: 'failed', sub: 'failed', pid: 0 }
    else if (fault !== 'still old' && (verb === 'restart' || !runs)) units[name] = { active: 'active', sub: 'running', pid: unit.pid + 1000 }
    writeFileSync(file, JSON.stringify(units))
    if (fault === 'job fails' && verb !== 'stop')
      end(1, 'Job for ' + name + '.service failed because the control process exited with error code.\\nSee "systemctl status ' + name + '.service" for details.')
  }
} else end(1, "Unknown command verb '" + verb + "'.")
`
