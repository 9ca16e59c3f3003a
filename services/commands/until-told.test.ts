import { spawn } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'
import { expect, it } from 'vitest'

/** A process that something keeps alive for ever; resolves to how it ends when it is told to. */
async function endOf(stop: string, drain: number): Promise<unknown> {
  const script = `
    import { untilTold } from ${JSON.stringify(path.join(import.meta.dirname, 'until-told.ts'))}
    setInterval(() => undefined, 1_000)
    const end = untilTold({ stop: ${stop} }, { drain: ${drain} })
    console.log('ready')
    process.exitCode = await end`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script])
  await once(child.stdout, 'data')
  child.kill('SIGTERM')
  const [code, signal] = await once(child, 'exit')
  return signal ?? code
}

it.each([
  ['has stopped in time', 'async () => true', 0],
  ['has stopped too late', 'async () => false', 1],
])('ends though something keeps it alive: it %s', async (_, stop, code) => {
  expect(await endOf(stop, 60_000)).toBe(code)
})

it('ends though its stop never does', async () => {
  // As if its time were over but for a little.
  expect(await endOf('() => new Promise(() => undefined)', -9_800)).toBe(1)
})
