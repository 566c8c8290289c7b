"""What is wrong with each exhibit of the museum? The questions of lesson 8, and what each answer tells."""

from dqn_lib.exercises.prediction import Choice, Prediction, predict

LOOK = "Go back to the panel and look at"


def diagnose(question: str, *choices: Choice) -> Prediction:
    """A question whose right answer is not always in the same place."""
    return predict(question, *sorted(choices, key=lambda choice: choice.text))


exhibit_a = diagnose(
    "Exhibit A. What is wrong?",
    Choice(
        "its random pushes last a single step",
        "No arrival, so no news: there is nothing to learn but that every step costs 1. The learning itself is well.",
        right=True,
    ),
    Choice(
        "it does not learn at all",
        f"{LOOK} the TD error: it falls, and in the end far below the healthy one's.",
    ),
    Choice("the learning rate is far too large", f"{LOOK} the loss: there is hardly any error left."),
    Choice("gamma is too small", f"{LOOK} the values: they fall to -100, which is what gamma 0.99 allows."),
)
exhibit_b = diagnose(
    "Exhibit B. What is wrong?",
    Choice("it never meets the flag", f"{LOOK} the arrivals: there are some."),
    Choice(
        "the target network is never copied",
        "Five true rewards and an untrained guess of about -50: its aim is -52, and it hits it. Its own values would "
        "tell it to aim lower, but nobody asks them.",
        right=True,
    ),
    Choice(
        "the loss is broken",
        f"{LOOK} both errors: by its own targets, the loss looks like the healthy one's.",
    ),
    Choice("it forgets", f"{LOOK} the map: all its memories are there."),
)
exhibit_c = diagnose(
    "Exhibit C has values that hardly move either. What is wrong with this one?",
    Choice("the same again", f"{LOOK} the TD error: that of B stayed above 2, this one is all but gone."),
    Choice(
        "gamma is 0.85",
        "It ends at -1 / (1 - 0.85) = -6.7, where a short-sighted agent has to end. It is right about everything, "
        "and cares for nothing that is more than a dozen steps away.",
        right=True,
    ),
    Choice("the learning rate is tiny", f"{LOOK} the TD error: it falls at once."),
    Choice(
        "rewards are divided by ten",
        "A good guess from the values alone. But then each step costs 0.1 and the floor is -10.",
    ),
)
exhibit_d = diagnose(
    "Exhibit D. The flag is in its memory, and its map is flat. What is wrong?",
    Choice(
        "the flag is punished",
        "Then all targets would end near -100 too, and one number would fit them. Look at the loss: it stays.",
    ),
    Choice(
        "a row is subtracted from a column",
        "Every estimate is drawn to every target, whatever its state; one number for all is the best answer. "
        "Print the shapes: `(64,)` minus `(64, 1)` is `(64, 64)`.",
        right=True,
    ),
    Choice(
        "it explores too little",
        f"{LOOK} the arrivals while epsilon is 1: as many as the healthy one's. It makes nothing of them.",
    ),
    Choice("the memory is too small", f"{LOOK} the dots: 12,000 memories."),
)
exhibit_e = diagnose(
    "Exhibit E arrives dozens of times, learns late, drives badly, and its map is blurred. What is wrong?",
    Choice(
        "the target moves too fast",
        "That makes values swing. Here the highest one sinks and stays down for thousands of steps, with all those "
        "arrivals.",
    ),
    Choice(
        "its inputs are left raw",
        "Lesson 3: a velocity of 0.07 or of 0 is nearly the same number to this network.",
        right=True,
    ),
    Choice("gamma is too large", "Then the values could sink below -100. They do not."),
    Choice("it explores too little", f"{LOOK} the arrivals: plenty."),
)
exhibit_f = diagnose(
    "Exhibit F has met the flag, and all its values end at -100. What is wrong?",
    Choice("epsilon falls too early", f"{LOOK} epsilon: as with the healthy one, which goes on arriving."),
    Choice(
        "the flag is punished",
        "Minus 100 for the flag, minus 100 in all for never arriving: why go there? Beware of rewards that are "
        "carried over from another task.",
        right=True,
    ),
    Choice("a row is subtracted from a column", f"{LOOK} the loss: it is nearly zero. That of D stayed."),
    Choice("the target network is never copied", f"{LOOK} the values: they fall far below -52."),
)
exhibit_g = diagnose(
    "Exhibit G drives to the flag. Its values are above 10,000. What is wrong?",
    Choice("nothing, as it arrives", "No step here ever earns anything. No value above 0 can be right."),
    Choice(
        "the flag is not taken for an end",
        "The target asks for the value behind the flag, where nobody has ever been. The guess feeds itself.",
        right=True,
    ),
    Choice(
        "the learning rate is too large",
        "Then the policy would suffer first. Here the policy is the last to suffer.",
    ),
    Choice(
        "gamma is above 1",
        "The configuration would refuse that. But it is the right kind of thought: what grows without end feeds itself.",
    ),
)
exhibit_h = diagnose(
    "Exhibit H. What is wrong?",
    Choice("it explores too little", f"{LOOK} the arrivals: it has been at the flag."),
    Choice(
        "its memory is tiny",
        "The dots: 64, all in one spot. What is not in the memory is forgotten at once, so its curves jump from one belief to the next.",
        right=True,
    ),
    Choice(
        "the loss is wrong",
        "Then it would never come near the flag on purpose. It does at times, and forgets.",
    ),
    Choice("the target moves too slowly", "Then the values would crawl. These jump."),
)
exhibit_i = diagnose(
    "Exhibit I has a small TD error from the first updates on, and is late. What is wrong?",
    Choice("it is lucky", "An error that is small before anything is known is a bad sign."),
    Choice(
        "the gradient flows into the target",
        "The error is made small by moving the target to the estimate. Small errors are not the goal; true values are.",
        right=True,
    ),
    Choice("the learning rate is too small", "Then the error would fall slowly, not at once."),
    Choice("gamma is too small", f"{LOOK} the lowest value: at the end it is where the healthy one's is."),
)
exhibit_j = diagnose(
    "Exhibit J. Everything looks well. Or does it?",
    Choice(
        "it is the healthy one",
        "Look at the map again: at where the dots crowd, and at where its dark eye is.",
    ),
    Choice(
        "its map is drawn transposed",
        "A car is worst off on the floor of the valley, where the dots crowd. This eye lies elsewhere: position and "
        "velocity are exchanged. The picture can be the bug.",
        right=True,
    ),
    Choice("it overestimates", "By no more than the healthy one does."),
    Choice("its memory is too small", f"{LOOK} the dots: 12,000."),
)
