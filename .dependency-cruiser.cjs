// The arrows of docs/architecture.md. A line of code belongs in the innermost folder that it can live in.
const only = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { path: '^(src|test)/', pathNot: `^src/(${[from, ...allowed].join('|')})/` },
});
const npm = (name, from, allowed, comment) => ({
  name,
  comment,
  severity: 'error',
  from: { path: `^src/${from}/` },
  to: { dependencyTypes: ['npm', 'npm-dev', 'npm-optional', 'core'], pathNot: allowed },
});

module.exports = {
  forbidden: [
    only('api-imports-nothing', 'api', [], 'The API is what users see; it depends on no code.'),
    only('core-is-pure', 'core', ['api'], 'Decisions are pure functions of data.'),
    only(
      'runtime-is-concurrency',
      'runtime',
      ['api', 'core', 'ports'],
      'Mutex, backoff, deadline, wake-up, queue, election: nothing that knows a cluster or a host.',
    ),
    only('ports-are-interfaces', 'ports', ['api'], 'A port names a need; it knows no adapter.'),
    only(
      'stores-know-ports',
      'stores',
      ['api', 'core', 'ports', 'runtime'],
      'Where evidence is kept, over the ports of cluster and host.',
    ),
    only(
      'controller-has-no-adapters',
      'controller',
      ['api', 'core', 'ports', 'runtime', 'stores'],
      'The controller never touches a host, and meets the cluster through its port.',
    ),
    only(
      'agent-has-no-adapters',
      'agent',
      ['api', 'core', 'ports', 'runtime', 'stores'],
      'The agent meets its host and the cluster through ports.',
    ),
    only(
      'cli-has-no-adapters',
      'cli',
      ['api', 'core', 'ports', 'runtime', 'stores'],
      'The plugin meets the cluster through its port.',
    ),
    only('kube-is-an-adapter', 'kube', ['api', 'core', 'ports', 'runtime'], 'Adapters do not know each other.'),
    only('host-is-an-adapter', 'host', ['api', 'core', 'ports', 'runtime'], 'Adapters do not know each other.'),
    only('s3-is-an-adapter', 's3', ['api', 'core', 'ports', 'runtime'], 'Adapters do not know each other.'),
    only('platform-is-an-adapter', 'platform', ['api', 'core', 'ports', 'runtime'], 'Adapters do not know each other.'),
    npm(
      'pure-code-uses-zod-only',
      '(api|core|ports)',
      '(zod|^node:crypto|^crypto|^node:zlib|^zlib|^buffer|^node:buffer)',
      'Pure code needs no library but the schema one.',
    ),
    {
      name: 'client-node-only-in-kube',
      severity: 'error',
      comment: 'docs/adr/0003',
      from: { pathNot: '^src/kube/' },
      to: { path: '@kubernetes/client-node' },
    },
    {
      name: 'aws-only-in-s3',
      severity: 'error',
      comment: 'docs/adr/0018: no agent has it, and a controller without a bucket does not load it.',
      from: { pathNot: '^src/s3/' },
      to: { path: '@aws-sdk/' },
    },
    {
      name: 'only-host-spawns',
      severity: 'error',
      comment: 'Only src/host starts processes.',
      from: { path: '^src/', pathNot: '^src/host/' },
      to: { path: '^(node:)?child_process$' },
    },
    {
      name: 'src-needs-no-tool',
      severity: 'error',
      comment: 'What generates CRDs and references does not ship.',
      from: { path: '^src/' },
      to: { path: '^(tools|scripts)/' },
    },
    {
      name: 'src-needs-no-test',
      severity: 'error',
      comment: 'What ships does not import tests.',
      from: { path: '^src/' },
      to: { path: '^test/' },
    },
    {
      name: 'bin-is-a-root',
      severity: 'error',
      comment: 'Composition roots are imported by nobody.',
      from: { pathNot: '^src/bin/' },
      to: { path: '^src/bin/' },
    },
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'require', 'node', 'default'] },
  },
};
