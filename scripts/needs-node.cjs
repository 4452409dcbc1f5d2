// The first lines of the plugin's bundle, which any Node since 14 can parse and run.
if (!(parseInt(process.versions.node, 10) >= 24)) {
  process.stderr.write(
    'kubectl-medic needs Node 24 or later, and this is Node ' + process.versions.node + ' (' + process.execPath + ')\n',
  );
  process.exit(1);
}
