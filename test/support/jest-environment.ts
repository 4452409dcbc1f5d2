/**
 * Jest's environment for Node, in a context whose global object is an ordinary one. That of `vm.createContext` has an
 * interceptor in C++, which each use of a global passes (`Map`, `JSON`, `undefined`): a fifth of all processor time.
 * https://nodejs.org/api/vm.html#vmconstantsdont_contextify
 */
import vm from 'node:vm';
import { TestEnvironment } from 'jest-environment-node';

/** A context is made in the constructor, which offers no choice of one. */
export default class OrdinaryGlobals extends TestEnvironment {
  constructor(...args: ConstructorParameters<typeof TestEnvironment>) {
    const { createContext } = vm;
    vm.createContext = () => createContext(vm.constants.DONT_CONTEXTIFY);
    try {
      super(...args);
    } finally {
      vm.createContext = createContext;
    }
  }
}
