"""Codex's keys that the desk accepts and does not use, table by table, from Codex's published configuration schema."""

from __future__ import annotations


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


WORKSPACE_WRITE = _names("exclude_slash_tmp exclude_tmpdir_env_var")
PROVIDER = _names(
    """
    auth aws env_http_headers env_key_instructions experimental_bearer_token http_headers query_params requires_openai_auth
    stream_max_retries supports_websockets websocket_connect_timeout_ms
    """
)
AGENTS = _names(
    """
    default_subagent_model default_subagent_reasoning_effort interrupt_message job_max_runtime_seconds
    max_concurrent_threads_per_session
    """
)
TUI = _names(
    """
    alternate_screen animations model_availability_nux notification_condition notification_method notifications pet pet_anchor
    raw_output_mode session_picker_view show_tooltips status_line status_line_use_colors terminal_resize_reflow_max_rows
    terminal_title vim_mode_default
    """
)
TOP = _names(
    """
    allow_login_shell analytics approvals_reviewer apps apps_mcp_product_sku audio auto_review background_terminal_max_timeout
    chatgpt_base_url check_for_update_on_startup cli_auth_credentials_store compact_prompt debug default_permissions desktop
    disable_paste_burst disable_response_storage experimental_compact_prompt_file experimental_instructions_file
    experimental_realtime_start_instructions experimental_realtime_ws_backend_prompt experimental_realtime_ws_base_url
    experimental_realtime_ws_model experimental_realtime_ws_startup_context experimental_resume experimental_thread_config_endpoint
    experimental_thread_store experimental_use_exec_command_tool experimental_use_freeform_apply_patch
    experimental_use_unified_exec_tool features feedback file_opener forced_chatgpt_workspace_id forced_login_method ghost_snapshot
    hide_agent_reasoning history hooks include_apps_instructions include_collaboration_mode_instructions include_environment_context
    include_permissions_instructions instructions log_dir marketplaces mcp_oauth_callback_port mcp_oauth_callback_url
    mcp_oauth_credentials_store mcp_servers memories model_auto_compact_token_limit_scope model_catalog_json model_instructions_file
    model_personality model_reasoning_summary model_supports_reasoning_summaries model_verbosity notice notify openai_base_url
    oss_provider otel permissions personality plan_mode_reasoning_effort plugins preferred_auth_method projects realtime
    review_model sandbox_permissions service_tier shell_environment_policy show_raw_agent_reasoning skills sqlite_home
    suppress_unstable_features_warning tool_output_token_limit tool_suggest tools web_search windows windows_wsl_setup_acknowledged
    """
)
