import './virtual-globals.ts'

const { runSeed } = await import('./run-seed.ts')
const from = Number(process.argv[2] ?? 1),
  to = Number(process.argv[3] ?? from)
for (let seed = from; seed <= to; seed++) {
  const t = performance.now()
  const r = await runSeed(seed, {}, (await import('./crash-points.ts')).crashPoints)
  console.log(
    seed,
    (performance.now() - t).toFixed(0),
    'ms',
    r.calls,
    'calls',
    r.events,
    'events',
    r.lasted.toFixed(0),
    r.moves.length,
    r.pointsHit.length,
    r.pointsSeen.length,
    r.violations.length,
  )
  if (process.argv[4])
    console.log(
      r.history
        .slice(-400)
        .filter(l => !l.includes('"fact"'))
        .slice(-Number(process.argv[4]))
        .join('\n'),
    )
  for (const v of r.violations.slice(0, 6)) console.log('   ', v)
}
