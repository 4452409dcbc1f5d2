/**
 * What a process waits for in the kernel, by the functions of its stack or its wchan.
 * Sources of the names: linux/fs, linux/block, linux/mm, linux/kernel of 3.10 to 6.x.
 */

/**
 * - `remote`: a file system of another host, or of a daemon (FUSE). - `disk`: a file system of this host. - `block`: I/O.
 * - `mount`: mount and unmount. - `idle`: for work: nothing is wrong.
 */
export type Place =
  | 'remote'
  | 'disk'
  | 'block'
  | 'freezer'
  | 'vfio'
  | 'device'
  | 'network'
  | 'mount'
  | 'cgroup'
  | 'memory'
  | 'rcu'
  | 'lock'
  | 'idle';

/** The most telling first: where a stack has several, that one counts. */
const PLACES: readonly (readonly [Place, RegExp])[] = [
  [
    'remote',
    /^_{0,2}(?:nfs(?:[34]\d?|v[34])?_|rpc_|cifs_|smb[23]?_|sendreceive|compound_send_recv|ceph_|fuse_|request_wait_answer|p9_|v9fs_|gfs2_|dlm_|afs_|ptlrpc_|ll_file|cl_io_|lov_|osc_|autofs4?_|xprt_|nlmclnt_)/,
  ],
  [
    'disk',
    /^_{0,2}(?:xfs_|xlog_|ext[234]_|jbd2?_|journal_|start_this_handle|wait_transaction_locked|add_transaction_credits|do_get_write_access|btrfs_|f2fs_|zfs_|zil_|txg_|zio_|dmu_|ocfs2_|reiserfs_|bcachefs_|bch2?_|ovl_|aufs_)/,
  ],
  [
    'block',
    /^_{0,2}(?:io_schedule|bit_wait_io|sleep_on_(?:page|buffer|shadow)|blk_|blkdev_|bdev_|bio_|submit_bio|wait_on_(?:page|buffer|bit)|folio_|lock_page|sync_(?:inodes|filesystem|fs|file|buffer|page)|writeback_|wb_|bdi_|iterate_(?:supers|bdevs)|balance_dirty|rq_qos|wbt_|bt_get|get_request|filemap_fdatawait|filemap_write|file_write_and_wait|vfs_fsync|do_fsync|nvme_|scsi_|sd_|ata_|dm_|md_|raid\d+_|rbd_|nbd_|drbd_|loop_|mmc_|freeze_(?:bdev|super)|thaw_|sb_start_write|virtblk_|do_direct_io|dio_|iomap_)/,
  ],
  ['freezer', /^_{0,2}(?:refrigerator|refrig|freezer_|cgroup_freez|do_freezer|cgroup_enter_frozen)/],
  ['vfio', /^_{0,2}(?:vfio|iommu)/],
  ['device', /^_{0,2}(?:nvidia|uvm_|nv_|os_acquire|amdgpu_|kfd_|mlx\d|ib_|rdma_|drm_|i915_|dma_fence|usb_)/],
  ['network', /^_{0,2}(?:copy_net_ns|cleanup_net|rtnl_|rtnetlink|netdev_|unregister_netdev|synchronize_net|setup_net)/],
  [
    'mount',
    /^_{0,2}(?:namespace_(?:un)?lock|do_mount|path_mount|lock_mount|do_umount|path_umount|deactivate_(?:super|locked)|grab_super|kill_block_super|generic_shutdown_super|drop_collected|put_mnt_ns|cleanup_mnt|umount_|user_get_super|mnt_)/,
  ],
  ['cgroup', /^_{0,2}(?:cgroup|cpuset_|css_|percpu_ref_|kernfs_|task_cgroup)/],
  [
    'memory',
    /^_{0,2}(?:mem_cgroup_|try_charge|throttle_direct|congestion_wait|wait_iff_congested|shrink_|try_to_free|reclaim_|compact_|lru_add_drain|swap|migrate_|migration_|alloc_pages|exit_mm|khugepaged)/,
  ],
  ['rcu', /^_{0,2}(?:synchronize_(?:rcu|sched|srcu)|wait_rcu_gp|rcu_barrier|rcu_)/],
  ['lock', /^_{0,2}(?:rwsem_|down|mutex_|percpu_down|percpu_rwsem|rt_mutex|osq_)/],
  [
    'idle',
    /^_{0,2}(?:do_wait|do_epoll|ep_poll|epoll_|futex_|do_futex|poll_schedule|do_poll|do_select|hrtimer_nano|do_nanosleep|pipe_|wait_woken|inet_csk_|unix_stream|sk_wait|skb_wait|do_sigtimedwait|sigsuspend|do_syslog|kthread|worker_thread|smpboot|rescuer_|n_tty_|wait4|kernel_wait|do_signal_stop|ptrace_stop|syslog_|devkmsg_|inotify_|fsnotify_|io_cqring|read_events)/,
  ],
];
/** How many characters `ps` prints of a wchan at least. */
const CUT_NAMES: readonly (readonly [Place, RegExp])[] = [
  ['remote', /^(?:nfs4?_w|rpc_w)/],
  ['block', /^(?:io_sch|wait_o)/],
  ['freezer', /^_{0,2}refri/],
];

/** undefined: the function does not say. @param name as `ps`, wchan or a stack has it. */
export function placeOf(name: string): Place | undefined {
  const plain = name.toLowerCase();
  return [...PLACES, ...CUT_NAMES].find(([, pattern]) => pattern.test(plain))?.[0];
}

/** The more telling of the two. */
export function moreTelling(a: Place | undefined, b: Place | undefined): Place | undefined {
  return PLACES.find(([place]) => place === a || place === b)?.[0];
}
