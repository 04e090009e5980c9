using Tessera.Training;

namespace Tessera.Cli.Runs;

/// <summary>What <c>tessera train</c> trains, whatever kind of model it is.</summary>
internal interface IRun
{
    /// <summary>What is trained and on what, in a line.</summary>
    string Headline { get; }

    /// <summary>What is likely to go wrong; null where nothing is.</summary>
    string? Warning { get; }

    /// <summary>Where its weights come from; null where they are new.</summary>
    string? Note { get; }

    /// <summary>What the samples are called that are looked at after each epoch.</summary>
    string Watched { get; }

    /// <summary>The threads that it is trained on; 0 for as many as there are processors.</summary>
    int Threads { get; }

    /// <summary>Goes to where the training in a checkpoint stood.</summary>
    void Resume(string path);

    /// <summary>Writes the model's description as the training has it.</summary>
    void WriteModel(string path);

    /// <summary>Trains to the end, or until it is stopped.</summary>
    TrainingResult Train(IProgress<TrainingProgress> progress, CancellationToken stopping);

    /// <summary>Writes the trained model.</summary>
    void Save(string path);

    /// <summary>Tests it and draws its pictures.</summary>
    RunRecord Complete(RunFolder folder, TrainingResult result, int threads, CancellationToken stopping);
}
