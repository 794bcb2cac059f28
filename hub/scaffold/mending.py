"""How to mend what a check found, by the name of the check."""

from __future__ import annotations

TUTORIAL = "docs/provider-tutorial.md"
HOOKS = "docs/hooks.md"

MENDING = {
    "load": "Start from `hub provider new`, which writes a package that loads, and compare.",
    "pyproject": f"Write a pyproject.toml with [build-system] and [project]: {TUTORIAL}, “Install it”.",
    "entry_point": 'Add to pyproject.toml: [project.entry-points."hub.providers"] and below it: key = "your_package".',
    "dependency": 'Add to [project]: dependencies = ["scheduling-hub>=0.1"].',
    "wheel": "Run `pip wheel --no-deps .` in the folder and mend what it prints.",
    "package_data": 'Add to pyproject.toml: [tool.setuptools.package-data] and below it: "*" = ["*.svg", "*.md"].',
    "hang": "A hook waits for something without an end. Use `api` for all requests: it has a time limit.",
    "test_facts": f"location_provider() returns the same short, one-line texts each time: {HOOKS}, location_provider.",
    "test_permissions": "Give each Scope a label and a purpose, name none twice, and implement connect_account.",
    "test_hooks": "Put @hookimpl above each hook; a plugin needs location_provider and create_meeting at least.",
    "test_icon": 'Draw a square with viewBox="0 0 24 24" and fill="currentColor", without script, style and links.',
    "test_readme": "Write README.md beside the icon, with the sections Set up, What it does, Permissions, Removing, Known limits.",
    "test_description": "describe_location returns one line from `location` and `host` alone; inputs may be missing.",
    "test_invitee_fields": "invitee_fields is a pure function of `location`, and does not look at private inputs.",
    "test_settings_card": "settings_card returns dataclasses.replace(card, notes=...), and leaves the rest as it is.",
    "test_no_secret_in_facts": "Mark the setting with secret=True, and give it no default.",
    "test_meetings_without_connection": "Without `api`, raise ConnectionLost in a provider with OAuth. In another, make the meeting from the request alone; use inputs.get() and answers.get(): both may lack anything.",
    "test_account": "connect_account returns an Account whose external_id stays the same, and a label that the host knows.",
    "test_create": "create_meeting makes one meeting and returns its external_id and an https join_url.",
    "test_update": "update_meeting keeps the link, and does nothing new when it is called again.",
    "test_delete": "delete_meeting takes a meeting that is gone (MeetingGone) for deleted.",
    "test_update_of_what_is_gone": "Let the MeetingGone that `api` raises for 404 pass out of update_meeting.",
    "test_faults": f"Let the errors that `api` raises pass; where you raise yourself, see {HOOKS}, Errors.",
    "test_expired_token": "Send requests with `api` only: it refreshes the token.",
    "test_find": "Put request.ref where the vendor's list shows it, and return only the meeting that carries exactly it.",
    "test_unreadable_list": "In find_meeting, raise Temporary where the list can't be read; None means that it was read whole.",
    "test_list": "list_meetings returns a Listed for each meeting of the period: its marker is request.ref as it was sent, its times are aware.",
    "test_unreadable_whole_list": "In list_meetings, raise Temporary where the list can't be read whole: what is missing from it counts as gone.",
    "test_list_sets_right": "Fill Listed.data with what the vendor has, under the names in Meeting.data, and have update_meeting send what differs.",
    "test_hostile_answers": "Check the type of all that you read from an answer, and raise Temporary(outcome_known=False) where it can't be used.",
    "test_secrets": "Keep tokens out of logs, errors and Meeting.data; never log an answer whole.",
    "test_unsigned_webhooks": "In receive_webhook, verify the signature before anything else, and refuse where no secret is set.",
    "test_manifests": "A manifest uses $public_url, $redirect_url and $webhook_url only, and names all scopes.",
}

# By words in the reason why a plugin was left out.
REASONS = {
    "hook that does not exist": f"Compare the names of your hooks with {HOOKS}.",
    "Argument(s)": f"A hook takes only arguments of the names that {HOOKS} lists for it, as many of them as it needs.",
    "https": "Give https addresses in OAuth2: base_url, api_url, and authorize_path where it is a whole address.",
    "icon": 'Put an icon.svg beside the plugin: viewBox="0 0 24 24", fill="currentColor", no script, style or link, under 20,000 characters.',
    "key must be": "Choose a key of lower-case letters and digits that begins with a letter.",
    "oauth": f"Compare what you give OAuth2 with {HOOKS}, location_provider.",
}


def mend(test: str, reason: str = "") -> str:
    """Return a sentence on how to mend a failed check; `reason` is why a plugin was left out."""
    if "HUB_API" in reason or "of the hooks" in reason:
        return f"Set HUB_API in the plugin to a number that this hub has: {HOOKS}, Versions."
    for words, sentence in REASONS.items():
        if words in reason:
            return sentence
    return MENDING.get(test.partition("[")[0], f"See {HOOKS}.")
