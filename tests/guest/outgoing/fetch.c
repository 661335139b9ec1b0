/* Sends the requests that its arguments name: SCHEME AUTHORITY PATH, and how often (1).
   A scheme or an authority of "-" is left out. "/post" is sent what is written after the request. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static wit_result_http_future_incoming_response_http_error_code_t
sent(const char *scheme, const char *authority, const char *path, bool patient) {
    http_outgoing_request_t request = http_outgoing_request_new(http_fields_new());
    if (strcmp(scheme, "-")) {
        wit_option_http_scheme_t chosen = {.some = true};
        chosen.value.tag = strcmp(scheme, "https") ? HTTP_SCHEME_HTTP : HTTP_SCHEME_HTTPS;
        http_outgoing_request_set_scheme(request, chosen);
    }
    if (strcmp(authority, "-")) {
        wit_option_string_t given = {.some = true, .value = wit_text(authority)};
        if (http_outgoing_request_set_authority(request, given).failed) printf("no authority\n");
    }
    wit_option_string_t query = {.some = true, .value = wit_text(path)};
    http_outgoing_request_set_path_with_query(request, query);
    wit_option_http_request_options_t options = {.some = patient};
    if (patient) {
        options.value = http_request_options_new();
        wit_option_u64_t minute = {.some = true, .value = 60000000000};
        http_request_options_set_first_byte_timeout(options.value, minute);
    }
    if (strcmp(path, "/post")) return http_outgoing_handler_handle(request, options);
    http_outgoing_request_set_method(request, (http_method_t){.tag = HTTP_METHOD_POST});
    http_outgoing_body_t body = http_outgoing_request_body(request).value;
    wit_result_http_future_incoming_response_http_error_code_t reply =
        http_outgoing_handler_handle(request, options);
    io_output_stream_t stream = http_outgoing_body_write(body).value;
    wit_list_u8_t text = {(uint8_t *)"written", 7};
    printf("%s", io_output_stream_blocking_write_and_flush(stream, text).failed ? "not " : "");
    io_output_stream_drop(stream);
    http_outgoing_body_finish(body, (wit_option_http_fields_t){0});
    return reply;
}

static void failed(http_error_code_t error) {
    printf("error %d", error.tag);
    if (error.tag == HTTP_ERROR_CODE_INTERNAL_ERROR && error.internal_error.some)
        printf(": %.*s", (int)error.internal_error.value.size, error.internal_error.value.data);
    printf("\n");
}

static void shown(http_incoming_response_t response) {
    printf("%d ", http_incoming_response_status(response));
    http_incoming_body_t body = http_incoming_response_consume(response).value;
    io_input_stream_t stream = http_incoming_body_stream(body).value;
    for (;;) {
        wit_result_list_u8_io_stream_error_t part = io_input_stream_blocking_read(stream, 4096);
        if (part.failed) break;
        printf("%.*s", (int)part.value.size, part.value.data);
        wit_free(part.value);
    }
    printf("\n");
    io_input_stream_drop(stream);
    http_future_trailers_drop(http_incoming_body_finish(body));
    http_incoming_response_drop(response);
}

int main(int argc, char **argv) {
    if (argc < 4) return 2;
    for (int i = 0; i < (argc > 4 ? atoi(argv[4]) : 1); i++) {
        wit_result_http_future_incoming_response_http_error_code_t reply =
            sent(argv[1], argv[2], argv[3], i % 2);
        if (reply.failed) {
            failed(reply.error);
            continue;
        }
        io_pollable_t ready = http_future_incoming_response_subscribe(reply.value);
        io_pollable_block(ready);
        io_pollable_drop(ready);
        wit_option_result_result_http_incoming_response_http_error_code_nothing_t got =
            http_future_incoming_response_get(reply.value);
        if (got.value.value.failed) failed(got.value.value.error);
        else shown(got.value.value.value);
        http_future_incoming_response_drop(reply.value);
    }
    return 0;
}
