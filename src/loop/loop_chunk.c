/* SPDX-License-Identifier: MIT */
/* Pieces of memory that users of a loop take for a turn or two: a stack of spare ones. */
#include "loop/loop_internal.h"

char *loop_chunk_take(struct loop *loop)
{
    return loop->n_chunks ? loop->chunks[--loop->n_chunks] : mem_realloc(NULL, LOOP_CHUNK_BYTES);
}

void loop_chunk_give(struct loop *loop, char *chunk)
{
    if (loop->n_chunks < LOOP_CHUNKS_SPARE) {
        loop->chunks[loop->n_chunks++] = chunk;
    } else {
        mem_free(chunk);
    }
}

void loop_chunks_fini(struct loop *loop)
{
    while (loop->n_chunks) {
        mem_free(loop->chunks[--loop->n_chunks]);
    }
}
