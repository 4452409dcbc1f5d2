declare module 'postject' {
  /** Puts a resource into an ELF, PE or Mach-O file, in place. */
  export function inject(
    file: string,
    resource: string,
    data: Buffer,
    options: { readonly sentinelFuse: string },
  ): Promise<void>;
}
