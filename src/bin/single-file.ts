/** Composition root of the plugin where it is one file with Node in it: that file is its own reader of stacks too. */
if (process.argv[2] === '__read-stacks') {
  process.argv.splice(2, 1);
  void import('./stack-reader.ts');
} else {
  void import('./kubectl-medic.ts');
}
