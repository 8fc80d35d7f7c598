/* SPDX-License-Identifier: MIT */
/* Signals as callbacks of the loop. */
#include "base/assert.h"
#include "loop/loop_internal.h"

struct loop_signal {
    uv_signal_t handle;
    loop_signal_fn *fire;
    void *owner;
};

static void on_signal(uv_signal_t *handle, int number)
{
    struct loop_signal *signal = handle->data;

    signal->fire(signal, number);
}

static void on_closed(uv_handle_t *handle)
{
    mem_free(handle->data);
}

struct loop_signal *loop_signal_new(struct loop *loop, int number, loop_signal_fn *fire,
                                    void *owner)
{
    struct loop_signal *signal = mem_new(struct loop_signal);

    signal->fire = fire;
    signal->owner = owner;
    ASSERT(uv_signal_init(&loop->uv, &signal->handle) == 0);
    signal->handle.data = signal;
    if (uv_signal_start(&signal->handle, on_signal, number) != 0) {
        loop_signal_free(signal);
        return NULL;
    }
    uv_unref((uv_handle_t *)&signal->handle);
    return signal;
}

void *loop_signal_owner(const struct loop_signal *signal)
{
    return signal->owner;
}

void loop_signal_free(struct loop_signal *signal)
{
    if (signal) {
        uv_close((uv_handle_t *)&signal->handle, on_closed);
    }
}
